"""The properties and groups that a new portal has, as data. Names, types and options follow HubSpot's default contact
properties; labels are ours."""

from portalsim.definitions import Definition, Group, Option

STAGES = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
LEGAL_BASES = (
    "Legitimate interest – prospect/lead",
    "Legitimate interest – existing customer",
    "Legitimate interest - other",
    "Performance of a contract",
    "Freely given consent from contact",
    "Not applicable",
)
LEAD_STATUSES = (
    "NEW",
    "OPEN",
    "IN_PROGRESS",
    "OPEN_DEAL",
    "UNQUALIFIED",
    "ATTEMPTED_TO_CONTACT",
    "CONNECTED",
    "BAD_TIMING",
)
YES_NO = (Option("Yes", "true"), Option("No", "false"))
GROUPS = (
    Group("contactinformation", "Contact information", 0),
    Group("emailinformation", "Email information", 1),
    Group("analyticsinformation", "Analytics history", 2),
    Group("conversioninformation", "Conversion information", 3),
    Group("socialmediainformation", "Social media information", 4),
    Group("contactlcs", "Lifecycle stage dates", 5),
)

_TEXTS = [
    "firstname",
    "lastname",
    "email",
    "company",
    "jobtitle",
    "website",
    "address",
    "city",
    "state",
    "zip",
    "country",
    "salutation",
    "fax",
    "industry",
    "message",
    "numemployees",
    "annualrevenue",
    "degree",
    "field_of_study",
    "graduation_date",
    "school",
    "seniority",
    "job_function",
    "military_status",
    "relationship_status",
    "gender",
    "marital_status",
    "start_date",
    "work_email",
    "date_of_birth",
    "company_size",
    "hs_language",
]
_SOCIAL = ["twitterhandle", "twitterbio", "linkedinbio", "hs_linkedinid", "hs_twitterid", "hs_googleplusid"]
_PHONES = ["phone", "mobilephone"]
_READ_ONLY = (
    ("hs_object_id", "number", "contactinformation"),
    ("createdate", "datetime", "contactinformation"),
    ("lastmodifieddate", "datetime", "contactinformation"),
    ("hs_object_source", "string", "contactinformation"),
    ("hs_object_source_id", "string", "contactinformation"),
    ("hs_object_source_label", "string", "contactinformation"),
    ("hs_additional_emails", "string", "contactinformation"),
    ("hs_merged_object_ids", "string", "contactinformation"),
    ("hs_pipeline", "string", "contactinformation"),
    ("hs_email_domain", "string", "contactinformation"),
    ("hs_is_contact", "bool", "contactinformation"),
    ("hs_is_unworked", "bool", "contactinformation"),
    ("hs_marketable_status", "bool", "contactinformation"),
    ("hs_marketable_reason_type", "string", "contactinformation"),
    ("hs_email_optout", "bool", "emailinformation"),
    ("hs_email_bounce", "number", "emailinformation"),
    ("hs_email_open", "number", "emailinformation"),
    ("hs_email_click", "number", "emailinformation"),
    ("hs_email_delivered", "number", "emailinformation"),
    ("num_notes", "number", "contactinformation"),
    ("num_associated_deals", "number", "contactinformation"),
    ("num_conversion_events", "number", "conversioninformation"),
    ("num_unique_conversion_events", "number", "conversioninformation"),
    ("first_conversion_date", "datetime", "conversioninformation"),
    ("hs_analytics_num_visits", "number", "analyticsinformation"),
    ("hs_analytics_source", "string", "analyticsinformation"),
    ("hs_lifecyclestage_lead_date", "datetime", "contactlcs"),
    ("hs_lifecyclestage_customer_date", "datetime", "contactlcs"),
)
_LABELS = {
    "firstname": "First name",
    "lastname": "Last name",
    "email": "E-mail",
    "company": "Company name",
    "jobtitle": "Job title",
    "zip": "Postal code",
    "createdate": "Create date",
    "lastmodifieddate": "Last modified date",
    "hs_object_id": "Record id",
    "lifecyclestage": "Lifecycle stage",
    "hs_object_source": "Record source",
    "numemployees": "Number of employees",
    "annualrevenue": "Annual revenue",
    "mobilephone": "Mobile phone number",
    "phone": "Phone number",
    "hs_lifecyclestage_lead_date": "Became a lead",
    "hs_lifecyclestage_customer_date": "Became a customer",
    "closedate": "Close date",
}
SETTABLE_AT_CREATION = frozenset({"createdate"})
"""Read-only afterwards, but a create may bring it along (seen in a third party's portal)."""


def standard_properties() -> tuple[Definition, ...]:
    """The definitions of a portal that nobody has touched."""
    texts = [_standard(name, "string", "text") for name in _TEXTS]
    socials = [_standard(name, "string", "text", "socialmediainformation") for name in _SOCIAL]
    phones = [_standard(name, "phone_number", "phonenumber") for name in _PHONES]
    dates = [_standard("closedate", "datetime", "date")]
    read_only = [
        _standard(
            name,
            kind,
            {"bool": "booleancheckbox", "datetime": "date", "number": "number"}.get(kind, "text"),
            group,
            YES_NO if kind == "bool" else (),
            read_only=True,
        )
        for name, kind, group in _READ_ONLY
    ]
    stages = tuple(Option(label, value) for value, label in STAGES)
    bases = tuple(Option(text, text) for text in LEGAL_BASES)
    statuses = tuple(Option(text.replace("_", " ").capitalize(), text) for text in LEAD_STATUSES)
    chosen = [
        _standard("lifecyclestage", "enumeration", "radio", options=stages),
        _standard("hs_legal_basis", "enumeration", "checkbox", options=bases),
        _standard("hs_lead_status", "enumeration", "radio", options=statuses),
        _standard("hs_quarantined_emails", "string", "textarea", "emailinformation"),
    ]
    return (*texts, *socials, *phones, *dates, *read_only, *chosen)


def _standard(
    name: str,
    kind: str,
    field_type: str,
    group: str = "contactinformation",
    options: tuple[Option, ...] = (),
    *,
    read_only: bool = False,
) -> Definition:
    label = _LABELS.get(name) or name.removeprefix("hs_").replace("_", " ").capitalize()
    return Definition(name, label, kind, field_type, group, options, read_only=read_only, is_standard=True)
