"""HTTP APIs, one file per group of endpoints. They translate between HTTP and the engines, and decide nothing."""
