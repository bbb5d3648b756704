"""Why the certificates cannot be used. The message names the file and the mend."""


class CertificateError(Exception):
    """A file in the certificates' directory is broken, or one is needed that cannot be made."""
