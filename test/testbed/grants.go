package testbed

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// Grant is one thing that a service account may do: the smallest unit that RBAC knows.
type Grant struct {
	Verb string
	// Group and Resource, with its subresource if it has one, or else URL.
	Group, Resource, URL string
	// Namespace is empty for what is granted in the whole cluster.
	Namespace string
	// Name is the one object that it is for, or empty.
	Name string
}

// String reads as a sentence does: get secrets "a" in ontap-san-system.
func (g Grant) String() string {
	what := g.URL
	if what == "" {
		what = strings.TrimSuffix(g.Resource+"."+g.Group, ".")
	}
	if g.Name != "" {
		what += fmt.Sprintf(" %q", g.Name)
	}
	where := g.Namespace
	if where == "" {
		where = "the whole cluster"
	}
	return g.Verb + " " + what + " in " + where
}

// OperatorGrants returns what the roles of config/ grant to the operator's service account, as they were installed.
func (c *ControlPlane) OperatorGrants(ctx context.Context) ([]Grant, error) {
	var bindings struct {
		Items []rbacv1.RoleBinding `json:"items"` // a ClusterRoleBinding has the same fields
	}
	if err := c.getJSON(ctx, &bindings, "clusterrolebindings,rolebindings", "--all-namespaces"); err != nil {
		return nil, err
	}
	var grants []Grant
	for _, binding := range bindings.Items {
		if !slices.ContainsFunc(binding.Subjects, isOperator) {
			continue
		}
		var role struct {
			Rules []rbacv1.PolicyRule `json:"rules"`
		}
		args := []string{strings.ToLower(binding.RoleRef.Kind), binding.RoleRef.Name}
		if binding.Namespace != "" {
			args = append(args, "--namespace", binding.Namespace)
		}
		if err := c.getJSON(ctx, &role, args...); err != nil {
			return nil, err
		}
		for _, rule := range role.Rules {
			grants = append(grants, granted(rule, binding.Namespace)...)
		}
	}
	return grants, nil
}

func isOperator(s rbacv1.Subject) bool {
	return s.Kind == rbacv1.ServiceAccountKind && s.Namespace == OperatorNamespace && s.Name == OperatorServiceAccount
}

func (c *ControlPlane) getJSON(ctx context.Context, into any, args ...string) error {
	out, err := c.Kubectl(ctx, "", append([]string{"get", "--output=json"}, args...)...)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(out), into)
}

// granted takes a rule apart.
func granted(rule rbacv1.PolicyRule, namespace string) []Grant {
	names := rule.ResourceNames
	if len(names) == 0 {
		names = []string{""}
	}
	var grants []Grant
	for _, verb := range rule.Verbs {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, name := range names {
					grants = append(grants, Grant{Verb: verb, Group: group, Resource: resource, Namespace: namespace, Name: name})
				}
			}
		}
		for _, url := range rule.NonResourceURLs {
			grants = append(grants, Grant{Verb: verb, URL: url})
		}
	}
	return grants
}

// Unused returns the grants that none of the requests needed. What is granted in the whole cluster is needed by a request
// outside the operator's own namespace only: for one inside, a Role would do.
func Unused(grants []Grant, requests []APIRequest) []Grant {
	return slices.DeleteFunc(slices.Clone(grants), func(g Grant) bool { return slices.ContainsFunc(requests, g.neededBy) })
}

func (g Grant) neededBy(r APIRequest) bool {
	if g.URL != "" {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return g.Verb == r.Verb && g.URL == path
	}
	resource := strings.TrimSuffix(r.Object.Resource+"/"+r.Object.Subresource, "/")
	return g.Verb == r.Verb && g.Group == r.Object.APIGroup && g.Resource == resource &&
		(g.Name == "" || g.Name == r.Object.Name) &&
		(g.Namespace == r.Object.Namespace || g.Namespace == "" && r.Object.Namespace != OperatorNamespace)
}
