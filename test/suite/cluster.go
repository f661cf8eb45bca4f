package suite

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// Installed starts a control plane with the CRDs and the roles of config/, and returns it with the user that the operator
// logs in as.
func Installed(ctx context.Context, bed *testbed.Bed) (*testbed.ControlPlane, *testbed.User) {
	ginkgo.GinkgoHelper()
	cluster, err := bed.StartControlPlane(ctx)
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	gomega.Expect(cluster.Install(ctx)).To(gomega.Succeed())
	operator, err := cluster.AddOperator()
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	return cluster, operator
}

// Kubectl runs kubectl as the administrator, expects it to succeed and returns what it prints.
func Kubectl(ctx context.Context, cluster *testbed.ControlPlane, args ...string) string {
	ginkgo.GinkgoHelper()
	out, err := cluster.Kubectl(ctx, "", args...)
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	return out
}

// Apply applies the objects of a manifest as `kubectl apply --server-side` does, validated as strictly, without the fifth
// of a second of processor time that starting kubectl takes.
func Apply(ctx context.Context, c client.Client, manifest string) {
	ginkgo.GinkgoHelper()
	for documents := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifest), 4096); ; {
		object := map[string]any{}
		err := documents.Decode(&object)
		if errors.Is(err, io.EOF) {
			return
		}
		gomega.Expect(err).NotTo(gomega.HaveOccurred(), manifest)
		configuration := client.ApplyConfigurationFromUnstructured(&unstructured.Unstructured{Object: object})
		gomega.Expect(c.Apply(ctx, configuration, client.FieldOwner("suite"), client.ForceOwnership)).To(gomega.Succeed(), manifest)
	}
}

// NewClient makes the administrator's client for the project's types and events, for what cases do again and again.
func NewClient(cluster *testbed.ControlPlane) client.Client {
	ginkgo.GinkgoHelper()
	scheme := runtime.NewScheme()
	gomega.Expect(v1alpha1.AddToScheme(scheme)).To(gomega.Succeed())
	gomega.Expect(eventsv1.AddToScheme(scheme)).To(gomega.Succeed())
	config, err := clientcmd.BuildConfigFromFlags("", cluster.Kubeconfig)
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	config.QPS = -1
	c, err := client.New(config, client.Options{Scheme: scheme})
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	return c
}
