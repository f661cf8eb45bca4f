package e2e

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

var _ = Describe("The operator's memory", func() {
	It("does not grow by annotations of others, on objects that may not even use an SVM", longest, func(ctx SpecContext) {
		const objects, annotation, mebibyte = 50, 250 << 10, 1 << 20
		profiles := freeAddress()
		Expect(operator.Stop()).To(Succeed())
		startOperator(ctx, "--pprof-bind-address", profiles)
		DeferCleanup(func(ctx SpecContext) {
			Expect(operator.Stop()).To(Succeed())
			startOperator(ctx)
		})
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		before := heap(ctx, profiles)

		const namespace = "stranger"
		apply(ctx, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+namespace+"}")
		DeferCleanup(func(ctx SpecContext) { kubectl(ctx, "-n", namespace, "delete", "iscsisvc", "--all", "--wait=false") })
		var manifests strings.Builder
		for i := range objects {
			_, _ = fmt.Fprintf(&manifests, "---\napiVersion: %s\nkind: ISCSIService\nmetadata: {name: large-%d, namespace: %s, annotations: {example.com/notes: %s}}\n"+
				"spec: {ontapClusterRef: {name: %s}, svm: {name: svm1}}\n", v1alpha1.GroupVersion, i, namespace, strings.Repeat("x", annotation), a.name)
		}
		_, err := cluster.Kubectl(ctx, manifests.String(), "create", "-f", "-")
		Expect(err).NotTo(HaveOccurred())
		// The operator gets them in the order in which they were created.
		kubectl(ctx, "-n", namespace, "wait", "--for=condition=Stalled", "--timeout=60s", fmt.Sprintf("iscsisvc/large-%d", objects-1))
		Expect(heap(ctx, profiles)-before).To(BeNumerically("<", objects*annotation/4), "in bytes; %d MiB of annotations", objects*annotation/mebibyte)
	})
})

// heap is how many bytes of the operator's heap are in use, from its profiles.
func heap(ctx SpecContext, profiles string) int {
	GinkgoHelper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+profiles+"/debug/pprof/heap?gc=1&debug=1", nil)
	Expect(err).NotTo(HaveOccurred())
	response, err := http.DefaultClient.Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	figure := regexp.MustCompile(`(?m)^# HeapAlloc = (\d+)$`).FindSubmatch(body)
	Expect(figure).NotTo(BeNil(), "%s", body)
	bytes, err := strconv.Atoi(string(figure[1]))
	Expect(err).NotTo(HaveOccurred())
	return bytes
}
