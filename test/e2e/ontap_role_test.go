package e2e

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

// password is that of the operator's account on every array.
const password = "netapp123"

// account is what docs/ontap-role.md has people make on the array: every case runs with it.
var account ontapAccount

// ontapAccount is an account as the simulator's scenario has it.
type ontapAccount struct {
	Name     string    `json:"name"`
	Password string    `json:"password"`
	Role     ontapRole `json:"role"`
}

type ontapRole []privilege

type privilege struct {
	Path   string `json:"path"`
	Access string `json:"access"`
}

// scenario is the account on one line.
func (a ontapAccount) scenario() string {
	GinkgoHelper()
	line, err := json.Marshal(a)
	Expect(err).NotTo(HaveOccurred())
	return string(line)
}

// without is the role without one of its privileges.
func (r ontapRole) without(path string) ontapRole {
	return slices.DeleteFunc(slices.Clone(r), func(p privilege) bool { return p.Path == path })
}

// with is the role with another access to one path.
func (r ontapRole) with(path, access string) ontapRole {
	return append(r.without(path), privilege{path, access})
}

var ontapCommand = regexp.MustCompile(`(?m)^security login (rest-role )?create (.*)$`)

// documentedAccount reads the commands of docs/ontap-role.md as the array would.
func documentedAccount() ontapAccount {
	GinkgoHelper()
	page, err := os.ReadFile(bed.Path("docs", "ontap-role.md"))
	Expect(err).NotTo(HaveOccurred())
	documented := ontapAccount{Password: password}
	role := ""
	for _, command := range ontapCommand.FindAllStringSubmatch(string(page), -1) {
		words := strings.Fields(command[2])
		Expect(len(words)%2).To(BeZero(), command[0])
		options := map[string]string{}
		for pair := range slices.Chunk(words, 2) {
			options[pair[0]] = pair[1]
		}
		Expect(options).To(HaveKeyWithValue("-vserver", "CLUSTER"))
		if command[1] != "" {
			Expect(options).To(And(HaveLen(4), HaveKey("-api"), HaveKey("-access"), HaveKey("-role")))
			Expect(role).To(BeElementOf("", options["-role"]), "one role")
			role = options["-role"]
			documented.Role = append(documented.Role, privilege{options["-api"], options["-access"]})
			continue
		}
		Expect(documented.Name).To(BeEmpty(), "one account")
		Expect(options).To(And(HaveLen(5), HaveKeyWithValue("-role", role), HaveKeyWithValue("-application", "http"),
			HaveKeyWithValue("-authentication-method", "password")))
		documented.Name = options["-user-or-group-name"]
	}
	Expect(documented.Name).NotTo(BeEmpty())
	Expect(documented.Role).NotTo(BeEmpty())
	return documented
}

var _ = Describe("The role of the operator's account on the array", func() {
	const (
		services = servicesPath
		sessions = sessionsPath
		uuid     = "11111111-2222-3333-4444-555555555555"
	)

	allow := func(ctx SpecContext, a *array, role ontapRole) {
		GinkgoHelper()
		Expect(a.ChangeAccount(ctx, account.Name, map[string]any{"role": role})).To(Succeed())
	}
	lacks := func(method, path, access string) OmegaMatcher {
		return And(ContainSubstring("does not allow "+method+" "+path+","), ContainSubstring("-api "+path+" -access "+access+`"`))
	}
	// denied waits until the object says that a request to the services is denied.
	denied := func(ctx SpecContext, a *array, name, method, path, access string) {
		GinkgoHelper()
		Eventually(a.get).WithContext(ctx).WithArguments(name).Should(beReady(metav1.ConditionUnknown, v1alpha1.ReasonPermissionDenied))
		Expect(condition(a.get(ctx, name), v1alpha1.ConditionReady).Message).To(lacks(method, path, access))
	}

	It("needs each of its privileges: without one, the operator says which it is", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}", "{name: svm2}", "{name: svm3, uuid: "+uuid+"}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		missed := []struct {
			path string
			show func()
		}{
			{"/api/svm/svms", func() {
				a.apply(ctx, "by-uuid", "svm: {uuid: "+uuid+"}")
				denied(ctx, a, "by-uuid", "GET", "/api/svm/svms", "readonly")
			}},
			{sessions, func() {
				a.apply(ctx, "main", "svm: {name: svm1}, enabled: false")
				Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonInUse))
				Expect(condition(a.get(ctx, "main"), v1alpha1.ConditionInUse).Message).To(lacks("GET", sessions, "readonly"))
				Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
			}},
			// Without the last two, the array is not used any more.
			{services, func() {
				kubectl(ctx, "wait", "--for=condition=Ready=Unknown", "--timeout=30s", "ontapcluster", a.name)
				Expect(kubectl(ctx, "get", "ontapcluster", a.name)).To(lacks("GET", services, "readonly"))
			}},
			{"/api/cluster", func() {
				// Who it is, the array is asked when the connection is new, or its services do not prove it.
				Expect(a.ChangeAccount(ctx, account.Name, map[string]any{"password": "another"})).To(Succeed())
				apply(ctx, a.secret("another"))
				Eventually(func() string { return kubectl(ctx, "get", "ontapcluster", a.name) }).Should(lacks("GET", "/api/cluster", "readonly"))
			}},
		}
		Expect(missed).To(HaveLen(len(account.Role)), "what each privilege is for has to be shown")
		for _, m := range missed {
			Expect(account.Role).To(ContainElement(HaveField("Path", m.path)))
			allow(ctx, a, account.Role.without(m.path))
			m.show()
		}
	})

	It("needs all access to services: with less, the operator says what it lacks", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}", "{name: svm2}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")

		allow(ctx, a, account.Role.with(services, "read_modify"))
		a.apply(ctx, "late", "svm: {name: svm2}")
		denied(ctx, a, "late", "POST", services, "all")
		Expect(a.get(ctx, "late").Finalizers).To(BeEmpty(), "nothing was created")

		allow(ctx, a, account.Role.with(services, "read_create"))
		a.apply(ctx, "main", "svm: {name: svm1}, alias: another")
		denied(ctx, a, "main", "PATCH", services, "all")

		allow(ctx, a, account.Role.with(services, "read_create_modify"))
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Eventually(func() string { return condition(a.get(ctx, "main"), v1alpha1.ConditionReady).Message }).Should(lacks("DELETE", services, "all"))
	})

	It("needs no access but to read where services are only observed", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true}}")
		allow(ctx, a, account.Role.with(services, "readonly").without(sessions))
		a.apply(ctx, "main", "svm: {name: svm1}, managementPolicy: Observe")
		a.ready(ctx, "main")
		Expect(a.writes(ctx)).To(BeEmpty())
	})
})
