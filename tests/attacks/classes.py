"""The threat list: one class for each row, by its ID in tests/requirements.yaml. The tests add the attacks to them."""

from tests.attacks.registry import AttackClass

S1 = AttackClass("S1", "Identity headers sent by a client")
S2 = AttackClass("S2", "Odd Authorization headers")
S3 = AttackClass("S3", "A token in the query, a form or a body")
S4 = AttackClass("S4", "Tokens that are not for this gateway")
S5 = AttackClass("S5", "Tokens that were taken back")
S6 = AttackClass("S6", "Tricks with paths")
S7 = AttackClass("S7", "Host, SNI and forwarding headers")
S8 = AttackClass("S8", "Smuggling, old and odd HTTP, upgrades, methods")
S9 = AttackClass("S9", "Too much, too slow, too many")
S10 = AttackClass("S10", "Certificates of others")
S11 = AttackClass("S11", "Internal interfaces from outside")
S12 = AttackClass("S12", "JSON that two readers might read differently")
S13 = AttackClass("S13", "Arguments that would burn CPU or memory")
S14 = AttackClass("S14", "Scopes that look like others")
S15 = AttackClass("S15", "Claims that would make a second header")
S16 = AttackClass("S16", "Pages of other origins")
S17 = AttackClass("S17", "More requests than the limit")
S18 = AttackClass("S18", "Floods of invalid tokens")
S19 = AttackClass("S19", "Secrets and line breaks for the logs")

CLASSES = (S1, S2, S3, S4, S5, S6, S7, S8, S9, S10, S11, S12, S13, S14, S15, S16, S17, S18, S19)
