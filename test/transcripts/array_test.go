package transcripts

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/test/suite"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// password is what an own array's account has; that of the samples does not fit.
const password = "only at this array"

var _ = Describe("One's own array", func() {
	DescribeTable("takes two edits of the samples, and has a certificate that", func(ctx SpecContext, known func(*testbed.Bed, *testbed.Simulator) string) {
		bed := suite.NewBed()
		cluster, err := bed.StartControlPlane(ctx)
		Expect(err).NotTo(HaveOccurred())
		array := startArray(ctx, bed)
		tls := known(bed, array)
		_, err = cluster.Kubectl(ctx, "", "apply", "-f", bed.Path("dist", "install.yaml"))
		Expect(err).NotTo(HaveOccurred())
		startOperator(ctx, bed, cluster)

		samples := filepath.Join(bed.Dir, "samples")
		Expect(os.CopyFS(samples, os.DirFS(bed.Path("config", "samples")))).To(Succeed())
		edit(filepath.Join(samples, "ontapcluster.yaml"), "https://ontap.example.com", array.URL)
		if tls != "" {
			edit(filepath.Join(samples, "ontapcluster.yaml"), `# tls: {pinnedSHA256: "2F:6B:…"}`, tls)
		}
		edit(filepath.Join(samples, "secret.yaml"), "username: admin\n  password: netapp123", "username: san-operator\n  password: "+password)
		edit(filepath.Join(samples, "secret.yaml"), "https://ontap.example.com", array.URL)
		_, err = cluster.Kubectl(ctx, "", "apply", "-k", samples)
		Expect(err).NotTo(HaveOccurred())
		_, err = cluster.Kubectl(ctx, "", "-n", testbed.SamplesNamespace, "wait", "--for=condition=Ready", "--timeout=60s", "iscsisvc", "--all")
		Expect(err).NotTo(HaveOccurred())
	},
		Entry("a public CA signed", func(bed *testbed.Bed, array *testbed.Simulator) string { trust(bed, array); return "" }),
		Entry("the array signed itself", func(_ *testbed.Bed, array *testbed.Simulator) string {
			return fmt.Sprintf("tls: {pinnedSHA256: %q}", fingerprint(array))
		}),
	)
})

// startArray starts an array with the SVMs of the samples and an account of its own.
func startArray(ctx SpecContext, bed *testbed.Bed) *testbed.Simulator {
	GinkgoHelper()
	array, err := bed.StartSimulator(ctx, fmt.Sprintf(`
cluster: {name: array1, version: 9.16.1}
accounts: [{name: san-operator, password: %q, role: admin}]
svms:
- name: team-a-orders
- name: team-a-archive
  service: {enabled: true}
`, password))
	Expect(err).NotTo(HaveOccurred())
	return array
}

func startOperator(ctx SpecContext, bed *testbed.Bed, cluster *testbed.ControlPlane) {
	GinkgoHelper()
	identity, err := cluster.AddOperator()
	Expect(err).NotTo(HaveOccurred())
	_, err = bed.StartOperator(ctx, identity.Kubeconfig)
	Expect(err).NotTo(HaveOccurred())
}

// trust makes an array's CA one that programs trust which are started from now on.
func trust(bed *testbed.Bed, array *testbed.Simulator) {
	GinkgoHelper()
	const variable = "SSL_CERT_FILE"
	file := filepath.Join(bed.Dir, "trusted.pem")
	Expect(os.WriteFile(file, []byte(array.CA), 0o600)).To(Succeed())
	before, was := os.LookupEnv(variable)
	Expect(os.Setenv(variable, file)).To(Succeed())
	DeferCleanup(func() error {
		if was {
			return os.Setenv(variable, before)
		}
		return os.Unsetenv(variable)
	})
}

func edit(file, old, replacement string) {
	GinkgoHelper()
	text, err := os.ReadFile(file)
	Expect(err).NotTo(HaveOccurred())
	Expect(strings.Count(string(text), old)).To(Equal(1), "%s: %s", file, old)
	Expect(os.WriteFile(file, []byte(strings.Replace(string(text), old, replacement, 1)), 0o600)).To(Succeed())
}

// fingerprint is the SHA-256 of the certificate that an array shows, as openssl prints it.
func fingerprint(array *testbed.Simulator) string {
	GinkgoHelper()
	connection, err := tls.Dial("tcp", strings.TrimPrefix(array.URL, "https://"), &tls.Config{InsecureSkipVerify: true})
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = connection.Close() }()
	digest := fmt.Sprintf("%X", sha256.Sum256(connection.ConnectionState().PeerCertificates[0].Raw))
	var parts []string
	for i := 0; i < len(digest); i += 2 {
		parts = append(parts, digest[i:i+2])
	}
	return strings.Join(parts, ":")
}
