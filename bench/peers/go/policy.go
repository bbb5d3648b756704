package main

import (
	"context"
	"log"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown/cache"
)

// Open Policy Agent's evaluator as a library: a compiled query, and its cache of http.send between queries. OPA-Envoy adds
// to this a decision log, metrics and a general reading of the request, so it costs more.
type policy struct {
	authv3.UnimplementedAuthorizationServer
	query rego.PreparedEvalQuery
	cache cache.InterQueryCache
}

func newRego(file string) *policy {
	ctx := context.Background()
	query, err := rego.New(rego.Query("data.mcp.allow"), rego.Load([]string{file}, nil)).PrepareForEval(ctx)
	if err != nil {
		log.Fatal(err)
	}
	config, err := cache.ParseCachingConfig(nil) // the defaults
	if err != nil {
		log.Fatal(err)
	}
	return &policy{query: query, cache: cache.NewInterQueryCache(config)}
}

func (p *policy) Check(ctx context.Context, request *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	http := request.GetAttributes().GetRequest().GetHttp()
	input := map[string]any{
		"authorization": http.GetHeaders()["authorization"],
		"body":          string(http.GetRawBody()),
		"resource":      request.GetAttributes().GetContextExtensions()["resource"],
	}
	results, err := p.query.Eval(ctx, rego.EvalInput(input), rego.EvalInterQueryBuiltinCache(p.cache))
	if err != nil || len(results) == 0 {
		return denied(), nil
	}
	claims, isObject := results[0].Expressions[0].Value.(map[string]any)
	if !isObject {
		return denied(), nil
	}
	response := &authv3.CheckResponse{Status: allowed.Status, HttpResponse: &authv3.CheckResponse_OkResponse{
		OkResponse: &authv3.OkHttpResponse{HeadersToRemove: []string{"authorization"}},
	}}
	ok := response.GetOkResponse()
	for _, name := range []string{"sub", "scopes"} {
		if value, found := claims[name].(string); found {
			ok.Headers = append(ok.Headers, header("x-user-"+name, value))
		}
	}
	return response, nil
}
