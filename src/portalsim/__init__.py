"""portalsim: a faithful local simulator of the HubSpot API that Doorward writes to."""
