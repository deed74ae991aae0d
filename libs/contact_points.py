"""Where a customer can be reached, written one way only: an address that was said twice is one address.

Profile finds people by it, preference keeps consents for it, messaging sends to it; they agree because they ask here.
"""

import phonenumbers
from email_validator import EmailNotValidError, validate_email


def normal_email(value: str) -> str:
    """Give an e-mail address in lower case, with its domain in Unicode; ValueError where it is none.

    Whether the domain exists is not asked: that takes a network, and an address does not change its owner by it.
    """
    try:
        return validate_email(value.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise ValueError("no valid e-mail address") from None  # the original text repeats the address


def normal_phone(value: str, *, region: str = "") -> str:
    """Give a telephone number as E.164 (`+41446681800`); ValueError where it is none that can exist.

    Without a `region` (`CH`) for those that do not, it has to begin with `+` and the country.
    Its length is checked, not its range: new ranges appear sooner than a list of them reaches us.
    """
    try:
        number = phonenumbers.parse(value, region or None)
    except phonenumbers.NumberParseException:
        raise ValueError("no telephone number with its country") from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError("no telephone number that can exist")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
