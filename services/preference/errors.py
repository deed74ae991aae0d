"""What can go wrong with preferences, one function per reason of `omnithread.preference.v1.ErrorReason`."""

from libs.errors import FieldFault, OmnithreadError, failed_precondition, invalid_argument


def update_mask_invalid(description: str) -> OmnithreadError:
    """Refuse a mask that names nothing, everything, or what cannot be changed."""
    fault = FieldFault(field="update_mask", description=description)
    return invalid_argument("UPDATE_MASK_INVALID", f"The update mask {description}.", field_faults=(fault,))


def language_unknown() -> OmnithreadError:
    """Refuse a tag that names no language."""
    fault = FieldFault(field="preferences.language", description="no known BCP 47 tag")
    return invalid_argument("LANGUAGE_UNKNOWN", "The language is no known BCP 47 tag.", field_faults=(fault,))


def time_zone_unknown() -> OmnithreadError:
    """Refuse a zone that the IANA database does not have."""
    fault = FieldFault(field="preferences.time_zone", description="not in the IANA database")
    return invalid_argument("TIME_ZONE_UNKNOWN", "The time zone is not in the IANA database.", field_faults=(fault,))


def cap_duplicate(index: int) -> OmnithreadError:
    """Refuse two caps for one purpose."""
    fault = FieldFault(field=f"preferences.frequency_caps[{index}].purpose", description="given twice")
    return invalid_argument("CAP_DUPLICATE", "Two frequency caps are for the same purpose.", field_faults=(fault,))


def contact_point_invalid(description: str) -> OmnithreadError:
    """Refuse an address that nothing can be sent to by this way; the address itself is not repeated."""
    fault = FieldFault(field="contact_point", description=description)
    return invalid_argument("CONTACT_POINT_INVALID", f"The contact point is {description}.", field_faults=(fault,))


def consent_limit(limit: int) -> OmnithreadError:
    """Refuse one more consent than a customer can have."""
    return failed_precondition("CONSENT_LIMIT", f"The customer has {limit} consents.", metadata={"limit": str(limit)})
