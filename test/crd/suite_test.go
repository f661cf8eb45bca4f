// Package crd holds the CRDs to what users are promised: which objects the API server takes, what it answers to the
// others, and what kubectl shows. It asks a real API server by way of kubectl, which validates strictly as it does by
// default.
package crd

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// cluster is the control plane that all cases share: each has objects of its own.
var cluster *testbed.ControlPlane

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		log.Fatal(err)
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	bed, err := testbed.New()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, bed.Close()) }()

	ctx := context.Background()
	if cluster, err = bed.StartControlPlane(ctx); err != nil {
		return 0, err
	}
	if err := cluster.Install(ctx); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// apply is a case of `kubectl apply`: a spec, what was there before it, and what the user gets to read.
type apply struct {
	name string
	// was is the spec of the object before; without it the object is new.
	was string
	// bound is the status.svm of the object before.
	bound string
	// spec is applied. If nothing refuses it, it is stored as written: not a default is added, or GitOps would see drift
	// that nobody caused.
	spec string
	// refused is what the user reads: the field and the cause.
	refused string
}

// tryAll tries the cases on objects of one kind, each on its own.
func tryAll(t *testing.T, kind string, cases []apply) {
	for i, c := range cases {
		o := object{kind, fmt.Sprintf("%s-%d", strings.ToLower(t.Name()), i)}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			if c.was != "" {
				o.create(t, c.was)
			}
			if c.bound != "" {
				g.Expect(o.patchStatus(t, "{svm: "+c.bound+"}")).To(Succeed())
			}

			stored, err := o.apply(t, "spec: "+c.spec)

			if c.refused != "" {
				g.Expect(err).To(MatchError(ContainSubstring(c.refused)))
				return
			}
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(stored).To(MatchYAML(c.spec))
		})
	}
}

// object is one object in the default namespace, or in none.
type object struct{ kind, name string }

// apply applies the object with what the manifest has besides its name, and returns the spec that the API server stored.
func (o object) apply(t *testing.T, manifest string) (string, error) {
	return cluster.Kubectl(t.Context(), fmt.Sprintf(`
apiVersion: san.ontap-operator.io/v1alpha1
kind: %s
metadata:
  name: %s
%s
`, o.kind, o.name, manifest), "apply", "-f", "-", "-o", "jsonpath={.spec}")
}

// create applies an object that nothing is wrong with.
func (o object) create(t *testing.T, spec string) {
	t.Helper()
	_, err := o.apply(t, "spec: "+spec)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
}

// patchStatus merges a status into that of the object, as the operator does.
func (o object) patchStatus(t *testing.T, status string) error {
	_, err := cluster.Kubectl(t.Context(), "",
		"patch", o.kind, o.name, "--subresource=status", "--type=merge", "--patch", "status: "+status)
	return err
}

// get returns what a JSONPath selects in the object.
func (o object) get(t *testing.T, jsonPath string) string {
	t.Helper()
	return kubectl(t, "get", o.kind, o.name, "-o", "jsonpath="+jsonPath)
}

// kubectl runs kubectl, expects it to succeed and returns what it prints.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := cluster.Kubectl(t.Context(), "", args...)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return out
}
