# What our policy says of the calculator, in Rego. Introspection is cached for ten seconds. KEYCLOAK, AUDIENCE and SECRET are filled in.
package mcp

token := trim_prefix(input.authorization, "Bearer ")

claims := http.send({
	"method": "POST",
	"url": "KEYCLOAK/realms/mcp-gateway/protocol/openid-connect/token/introspect",
	"headers": {"Content-Type": "application/x-www-form-urlencoded"},
	"raw_body": sprintf("client_id=api-gateway&client_secret=SECRET&token=%s", [token]),
	"force_cache": true,
	"caching_mode": "deserialized",
	"force_cache_duration_seconds": 10,
}).body

granted := {scope | some scope in split(claims.scope, " ")}

tools := {
	"add": {"mcp:calculator"}, "subtract": {"mcp:calculator"}, "multiply": {"mcp:calculator"}, "divide": {"mcp:calculator"},
	"power": {"mcp:calculator", "mcp:calculator:scientific"}, "sqrt": {"mcp:calculator", "mcp:calculator:scientific"},
}

message := json.unmarshal(input.body)

allow := {"sub": claims.sub, "scopes": claims.scope} if {
	input.resource == "calculator"
	claims.active == true
	"AUDIENCE" in claims.aud
	message.method == "tools/call"
	object.subset(granted, tools[message.params.name])
}

# The same for OPA-Envoy, whose input is the whole check request.
envoy := {
	"allowed": true,
	"headers": {"x-user-sub": told.sub, "x-user-scopes": told.scopes},
	"request_headers_to_remove": ["authorization"],
} if {
	told := allow with input as {
		"resource": input.attributes.contextExtensions.resource,
		"authorization": input.attributes.request.http.headers.authorization,
		"body": base64.decode(input.attributes.request.http.raw_body),
	}
}
