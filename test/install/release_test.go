package install

import (
	"encoding/json"
	"os/exec"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("A program", func() {
	DescribeTable("knows its version", func(ctx SpecContext, program string) {
		out, err := exec.CommandContext(ctx, bed.Path("bin", program), "--version").CombinedOutput()
		Expect(err).NotTo(HaveOccurred())
		Expect(string(out)).To(MatchRegexp(`^%s version \S+\n$`, program))
	},
		Entry("the operator", "manager"),
		Entry("the simulator", "ontap-simulator"),
	)

	It("has a bill of what it was linked from", func(ctx SpecContext) {
		out, err := exec.CommandContext(ctx, distTool, "sbom", "ontap-san-operator", "1.2.3", bed.Path("bin", "manager")).Output()
		Expect(err).NotTo(HaveOccurred())
		type component struct{ Type, Name, Version, PURL string }
		var bill struct {
			BOMFormat, SpecVersion string
			Metadata               struct{ Component component }
			Components             []component
		}
		Expect(json.Unmarshal(out, &bill)).To(Succeed())
		Expect([]string{bill.BOMFormat, bill.SpecVersion}).To(Equal([]string{"CycloneDX", "1.6"}))
		Expect(bill.Metadata.Component).To(HaveField("Version", "1.2.3"))
		names := map[string]string{}
		for _, c := range bill.Components {
			names[c.Name] = c.Version
		}
		Expect(names).To(HaveKeyWithValue("std", HavePrefix("go1.")))
		Expect(names).To(HaveKeyWithValue("sigs.k8s.io/controller-runtime", HavePrefix("v0.")))
		Expect(names).NotTo(HaveKey("github.com/onsi/gomega"))
	})
})
