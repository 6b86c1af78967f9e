"""A QR code as an image inside the page, so that no second request has to carry a secret."""

import segno


def qr_data_uri(text: str) -> str:
    """`data:image/png;base64,…`, about 256 pixels wide.

    The mask is given: trying all eight for the best looking one takes three times as long.
    """
    return str(segno.make(text, error="m", micro=False, mask=3).png_data_uri(scale=5, border=2))
