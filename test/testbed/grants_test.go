package testbed

import (
	"testing"

	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
)

func TestUnused(t *testing.T) {
	request := func(verb, group, resource, subresource, namespace, name string) APIRequest {
		r := APIRequest{Verb: verb}
		r.Object.APIGroup, r.Object.Resource, r.Object.Subresource = group, resource, subresource
		r.Object.Namespace, r.Object.Name = namespace, name
		return r
	}
	metrics := APIRequest{Verb: "get", RequestURI: "/metrics?name=a"}
	rule := rbacv1.PolicyRule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"secrets"}}
	status, named, group := rule, rule, rule
	status.Resources, named.ResourceNames, group.APIGroups = []string{"secrets/status"}, []string{"a"}, []string{"other"}
	url := rbacv1.PolicyRule{Verbs: []string{"get"}, NonResourceURLs: []string{"/metrics"}}

	for _, c := range []struct {
		name      string
		rule      rbacv1.PolicyRule
		namespace string
		request   APIRequest
		needed    bool
	}{
		{"the same verb of the same resource", rule, "team", request("get", "", "secrets", "", "team", "a"), true},
		{"another verb", rule, "team", request("list", "", "secrets", "", "team", ""), false},
		{"another resource", rule, "team", request("get", "", "pods", "", "team", "a"), false},
		{"another group", group, "team", request("get", "", "secrets", "", "team", "a"), false},
		{"another namespace", rule, "team", request("get", "", "secrets", "", "other", "a"), false},
		{"the whole of a resource is not its part", rule, "team", request("get", "", "secrets", "status", "team", "a"), false},
		{"a part of a resource is not the whole", status, "team", request("get", "", "secrets", "", "team", "a"), false},
		{"a part of a resource", status, "team", request("get", "", "secrets", "status", "team", "a"), true},
		{"the object that is named", named, "team", request("get", "", "secrets", "", "team", "a"), true},
		{"another object than the one that is named", named, "team", request("get", "", "secrets", "", "team", "b"), false},
		{"a namespace, by a grant in the whole cluster", rule, "", request("get", "", "secrets", "", "team", "a"), true},
		{"no namespace, by a grant in the whole cluster", rule, "", request("get", "", "secrets", "", "", "a"), true},
		{"the operator's namespace needs no grant in the whole cluster", rule, "", request("get", "", "secrets", "", OperatorNamespace, "a"), false},
		{"a URL", url, "", metrics, true},
		{"another URL", url, "", APIRequest{Verb: "get", RequestURI: "/healthz"}, false},
		{"a resource is no URL", rule, "", metrics, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			grants := granted(c.rule, c.namespace)
			g.Expect(grants).To(HaveLen(1))
			if c.needed {
				g.Expect(Unused(grants, []APIRequest{{}, c.request})).To(BeEmpty())
			} else {
				g.Expect(Unused(grants, []APIRequest{{}, c.request})).To(Equal(grants))
			}
		})
	}
}
