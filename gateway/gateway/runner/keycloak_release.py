"""Which Keycloak is run."""

GROUP, ARTIFACT, VERSION = "org.keycloak", "keycloak-quarkus-dist", "26.7.3"
# Of keycloak-quarkus-dist-26.7.3.zip. jgo compares with the SHA-1 beside the file and only warns of a difference.
SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
