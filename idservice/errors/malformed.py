"""Input that does not have its form, or uses what idservice does not do."""

from __future__ import annotations

from idservice.errors.families import MalformedInput, Unsupported


class MalformedDer(MalformedInput):
    """Bytes that should be DER are not, or exceed the limits for size, depth or count."""

    code = "malformed_der"


class MalformedCertificate(MalformedInput):
    """A certificate cannot be read."""

    code = "malformed_certificate"


class MalformedCms(MalformedInput):
    """A CMS SignedData structure cannot be read."""

    code = "malformed_cms"


class SignedContentMissing(MalformedInput):
    """A signature stands beside the file that it is over, and that file was not given."""

    code = "signed_content_missing"


class MalformedOcsp(MalformedInput):
    """An OCSP request or answer cannot be read."""

    code = "malformed_ocsp"


class MalformedRevocationData(MalformedInput):
    """A file that was given as revocation data holds no OCSP answer and no revocation list."""

    code = "malformed_revocation_data"


class MalformedCrl(MalformedInput):
    """A certificate revocation list cannot be read."""

    code = "malformed_crl"


class MalformedXml(MalformedInput):
    """An XML document cannot be read, has a document type, or is beyond the limits."""

    code = "malformed_xml"


class MalformedTrustedList(MalformedInput):
    """A trusted list does not have the form of ETSI TS 119 612."""

    code = "malformed_trusted_list"


class MalformedPdf(MalformedInput):
    """A PDF is damaged: its structure cannot be read without guessing."""

    code = "malformed_pdf"


class NotAPdf(MalformedInput):
    """The file does not begin as a PDF."""

    code = "not_a_pdf"


class MalformedToken(MalformedInput):
    """A token (Web eID token or access token) does not have the required form."""

    code = "malformed_token"


class MalformedRequest(MalformedInput):
    """A request body or parameter is missing, has the wrong type or the wrong form."""

    code = "malformed_request"


class MalformedPersonalCode(MalformedInput):
    """A personal code has the wrong length, an impossible date or a wrong check digit."""

    code = "malformed_personal_code"


class MalformedKey(MalformedInput):
    """A public or private key cannot be read."""

    code = "malformed_key"


class MalformedCard(MalformedInput):
    """A card file is not a PKCS#12 file of the expected form."""

    code = "malformed_card"


class MalformedPendingSignature(MalformedInput):
    """A stored pending signature cannot be read back."""

    code = "malformed_pending_signature"


class MalformedTimeStamp(MalformedInput):
    """A time-stamp request, response or token cannot be read."""

    code = "malformed_time_stamp"


class PictureUnreadable(MalformedInput):
    """A picture is no PNG or JPEG file, is damaged, or has too many pixels."""

    code = "picture_unreadable"


class FontUnreadable(MalformedInput):
    """A font file is no TrueType font that may be embedded."""

    code = "font_unreadable"


class InputTooLarge(MalformedInput):
    """The input exceeds a size limit and is not read further."""

    code = "input_too_large"


class UnsupportedAlgorithm(Unsupported):
    """An algorithm, curve or key size is not on the allow-list."""

    code = "unsupported_algorithm"


class CharactersNotInFont(Unsupported):
    """The font of a visible signature lacks characters of its text."""

    code = "characters_not_in_font"


class TextNeedsShaping(Unsupported):
    """The text of a visible signature is in a script that needs shaping, which is not done."""

    code = "text_needs_shaping"


class DrawingUnavailable(Unsupported):
    """Pages of a document cannot be drawn, because the program for it is not installed."""

    code = "drawing_unavailable"


class UnsupportedPdf(Unsupported):
    """The PDF uses a feature that cannot be signed or validated here."""

    code = "unsupported_pdf"


class UnsupportedTimeStampExtension(Unsupported):
    """A time-stamp request carries an extension, and none is supported."""

    code = "unsupported_time_stamp_extension"


class UnsupportedMediaType(Unsupported):
    """The request body has a media type that the endpoint does not take."""

    code = "unsupported_media_type"
