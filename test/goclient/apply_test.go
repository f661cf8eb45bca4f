// Package goclient uses the API as Go programs do: the types, and the generated apply configurations, against a real API
// server.
package goclient

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	apply "github.com/ontap-operator/ontap-san-operator/api/v1alpha1/applyconfiguration/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

const document = "../../docs/go-client.md"

func TestMain(m *testing.M) {
	code, err := withControlPlane(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// withControlPlane runs something with a cluster in KUBECONFIG that has the CRDs and the namespace team-a.
func withControlPlane(run func() int) (code int, err error) {
	bed, err := testbed.New()
	if err != nil {
		return 0, err
	}
	defer func() {
		if closed := bed.Close(); err == nil {
			err = closed
		}
	}()
	ctx := context.Background()
	cluster, err := bed.StartControlPlane(ctx)
	if err != nil {
		return 0, err
	}
	if err := cluster.Install(ctx); err != nil {
		return 0, err
	}
	if _, err := cluster.Kubectl(ctx, "", "create", "namespace", "team-a"); err != nil {
		return 0, err
	}
	if err := os.Setenv("KUBECONFIG", cluster.Kubeconfig); err != nil {
		return 0, err
	}
	return run(), nil
}

// newClient is controller-runtime's, which takes apply configurations as they are.
func newClient(g Gomega) client.Client {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	g.Expect(err).NotTo(HaveOccurred())
	scheme := runtime.NewScheme()
	g.Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	c, err := client.New(config, client.Options{Scheme: scheme})
	g.Expect(err).NotTo(HaveOccurred())
	return c
}

func TestApplyConfigurations(t *testing.T) {
	g := NewWithT(t)
	c, ctx := newClient(g), t.Context()
	const portal, security = client.FieldOwner("portal"), client.FieldOwner("security")
	get := func() *v1alpha1.ISCSIService {
		service := &v1alpha1.ISCSIService{}
		g.Expect(c.Get(ctx, client.ObjectKey{Namespace: "team-a", Name: "shared"}, service)).To(Succeed())
		return service
	}
	service := func(spec *apply.ISCSIServiceSpecApplyConfiguration) *apply.ISCSIServiceApplyConfiguration {
		return apply.ISCSIService("shared", "team-a").WithSpec(spec)
	}
	ofPortal := func() *apply.ISCSIServiceApplyConfiguration {
		return service(apply.ISCSIServiceSpec().WithSVM(apply.SVMSelector().WithName("svm1")).WithEnabled(false).WithAlias(""))
	}

	g.Expect(c.Apply(ctx, ofPortal(), portal)).To(Succeed())
	g.Expect(get().Spec).To(Equal(v1alpha1.ISCSIServiceSpec{
		SVM: v1alpha1.SVMSelector{Name: "svm1"}, Enabled: new(false), Alias: new(""),
	}), "false and the empty string are something else than unset")

	// The API server stores the default of status with the first write after the creation: no operator runs here.
	g.Expect(c.Apply(ctx, ofPortal(), portal)).To(Succeed())
	before := get().ResourceVersion
	g.Expect(c.Apply(ctx, ofPortal(), portal)).To(Succeed())
	g.Expect(get().ResourceVersion).To(Equal(before), "applying the same again changes nothing")

	g.Expect(c.Apply(ctx, service(apply.ISCSIServiceSpec().WithDeletionPolicy(v1alpha1.DeletionPolicyRetain)), security)).To(Succeed())
	g.Expect(get().Spec.DeletionPolicy).To(Equal(v1alpha1.DeletionPolicyRetain), "two may share an object")
	g.Expect(get().Spec.SVM.Name).To(Equal("svm1"))
	err := c.Apply(ctx, service(apply.ISCSIServiceSpec().WithEnabled(true)), security)
	g.Expect(apierrors.IsConflict(err)).To(BeTrue(), "%v", err)

	extracted, err := apply.ExtractISCSIService(get(), string(portal))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(extracted).To(Equal(ofPortal()), "what one of them has applied can be told")

	cluster := apply.ONTAPCluster("default").WithSpec(apply.ONTAPClusterSpec().
		WithEndpoint("https://ontap.example.com").
		WithCredentialsSecretRef(apply.SecretReference().WithName("ontap-credentials")).
		WithAccess(apply.AccessRule().WithNamespaces(apply.NamespaceSelector().WithNames("team-a")).WithSVMs("team-a-*")))
	g.Expect(c.Apply(ctx, cluster, portal)).To(Succeed())
}

// TestDocument holds docs/go-client.md against the example, which is run.
func TestDocument(t *testing.T) {
	g := NewWithT(t)
	example, err := os.ReadFile("example_test.go")
	g.Expect(err).NotTo(HaveOccurred())
	_, body, found := strings.Cut(string(example), "func Example() {\n")
	g.Expect(found).To(BeTrue())
	body, _, found = strings.Cut(body, "\t// Output:")
	g.Expect(found).To(BeTrue())
	page, err := os.ReadFile(document)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(page)).To(ContainSubstring("```go\n" + strings.ReplaceAll("\n"+body, "\n\t", "\n")[1:] + "```\n"))
}
