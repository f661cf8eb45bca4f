package testbed_test

import (
	"context"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

func TestControlPlane(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	bed, err := testbed.New()
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { NewWithT(t).Expect(bed.Close()).To(Succeed()) })
	controlPlane, err := bed.StartControlPlane(ctx)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Expect(controlPlane.Install(ctx)).To(Succeed())
	operator, err := controlPlane.AddOperator()
	NewWithT(t).Expect(err).NotTo(HaveOccurred())

	t.Run("server and kubectl know their version", func(t *testing.T) {
		g := NewWithT(t)
		version, err := controlPlane.Kubectl(ctx, "", "version")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(version).To(And(ContainSubstring("Client Version: v1.37."), ContainSubstring("Server Version: v1.37.")))
	})

	t.Run("a namespace goes if there is a controller for it, and else is Terminating", func(t *testing.T) {
		g := NewWithT(t)
		_, err := controlPlane.Kubectl(ctx, "", "create", "namespace", "short-lived")
		g.Expect(err).NotTo(HaveOccurred())
		_, err = controlPlane.Kubectl(ctx, "", "delete", "namespace", "short-lived", "--wait=false")
		g.Expect(err).NotTo(HaveOccurred())
		end := "delete"
		if controlPlane.ControllerManager == nil {
			end = "jsonpath={.status.phase}=Terminating"
		}
		_, err = controlPlane.Kubectl(ctx, "", "wait", "namespace/short-lived", "--for="+end, "--timeout=60s")
		g.Expect(err).NotTo(HaveOccurred())
	})

	t.Run("the manifests for a cluster are valid", func(t *testing.T) {
		_, err := controlPlane.Kubectl(ctx, "", "apply", "--server-side", "--dry-run=server", "--validate=strict",
			"-k", bed.Path("config", "default"))
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
	})

	for _, tc := range []struct {
		question string
		allowed  bool
	}{
		{"get secrets -n " + testbed.OperatorNamespace, true},
		{"update secrets -n " + testbed.OperatorNamespace, false},
		{"get secrets -n default", false},
		{"list secrets --all-namespaces", false},
		{"patch iscsiservices.san.ontap-operator.io -n default", true},
		{"patch iscsiservices.san.ontap-operator.io --subresource=status -n default", true},
		{"delete iscsiservices.san.ontap-operator.io -n default", false},
		{"list ontapclusters.san.ontap-operator.io", true},
		{"delete ontapclusters.san.ontap-operator.io", false},
		{"create leases.coordination.k8s.io -n " + testbed.OperatorNamespace, true},
		{"update leases.coordination.k8s.io/ontap-san-operator -n " + testbed.OperatorNamespace, true},
		{"update leases.coordination.k8s.io/another -n " + testbed.OperatorNamespace, false},
		{"create leases.coordination.k8s.io -n default", false},
		{"create events.events.k8s.io -n default", true},
	} {
		t.Run("the operator's rights: "+tc.question, func(t *testing.T) {
			answer, err := operator.Kubectl(ctx, "", append([]string{"auth", "can-i"}, strings.Fields(tc.question)...)...)
			if tc.allowed {
				NewWithT(t).Expect(err).NotTo(HaveOccurred())
			}
			NewWithT(t).Expect(strings.HasPrefix(answer, "yes")).To(Equal(tc.allowed), answer)
		})
	}

	t.Run("the audit log has what the operator reads, and that it was denied", func(t *testing.T) {
		g := NewWithT(t)
		_, err := operator.Kubectl(ctx, "", "get", "secrets", "--namespace", "default")
		g.Expect(err).To(MatchError(ContainSubstring("forbidden")))
		_, err = operator.Kubectl(ctx, "", "get", "secrets", "--namespace", testbed.OperatorNamespace)
		g.Expect(err).NotTo(HaveOccurred())
		g.Eventually(ctx, func(g Gomega) {
			requests, err := controlPlane.Requests(testbed.OperatorUser)
			g.Expect(err).NotTo(HaveOccurred())
			for namespace, denied := range map[string]bool{"default": true, testbed.OperatorNamespace: false} {
				g.Expect(requests).To(ContainElement(And(HaveField("Verb", "list"), HaveField("Object.Resource", "secrets"),
					HaveField("Object.Namespace", namespace), HaveField("Denied()", denied))))
			}
		}).WithTimeout(10 * time.Second).Should(Succeed())
		g.Expect(controlPlane.Writes(testbed.OperatorUser)).NotTo(ContainElement(HaveField("Object.Resource", "secrets")))
	})

	t.Run("the operator's grants are those of its roles", func(t *testing.T) {
		g := NewWithT(t)
		grants, err := controlPlane.OperatorGrants(ctx)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(grants).To(ContainElements(
			testbed.Grant{Verb: "patch", Group: "san.ontap-operator.io", Resource: "iscsiservices/status"},
			testbed.Grant{Verb: "get", Resource: "secrets", Namespace: testbed.OperatorNamespace},
		))
		g.Expect(grants).NotTo(ContainElement(HaveField("URL", "/metrics")), "that is for whoever scrapes it")
	})

	t.Run("the audit log has a user's writes, refused ones too", func(t *testing.T) {
		g := NewWithT(t)
		_, err := operator.Kubectl(ctx, "", "create", "namespace", "not-allowed")
		g.Expect(err).To(MatchError(ContainSubstring("forbidden")))
		g.Eventually(ctx, func(g Gomega) {
			writes, err := controlPlane.Writes(testbed.OperatorUser)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(writes).To(ContainElement(And(
				HaveField("Verb", "create"), HaveField("Object.Resource", "namespaces"), HaveField("Response.Code", 403))))
		}).WithTimeout(10 * time.Second).Should(Succeed())
	})
}
