package rest

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
)

func TestWhoMayNotLogInLearnsNothing(t *testing.T) {
	for name, as := range map[string][2]string{
		"nobody":            {},
		"a wrong password":  {"admin", "wrong"},
		"no password":       {"certificate-only", ""},
		"an unknown name":   {"somebody", "secret"},
		"a locked account":  {"locked", "secret"},
		"an empty password": {"admin", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.array.SetAccount(array.Account{Name: "locked", Password: "secret", Role: array.AdminRole, Locked: true})
			b.array.SetAccount(array.Account{Name: "certificate-only", CertificateCN: "x", Role: array.AdminRole})
			b.as = as
			b.refused("GET nothing", "", 401, "6691623", "")
			b.Expect(b.do("GET SERVICES").Header.Get("WWW-Authenticate")).To(HavePrefix("Basic"))
		})
	}
}

func TestTooManyWrongPasswordsLockAnAccount(t *testing.T) {
	b := newBed(t)
	b.array.SetAccount(array.Account{Name: "fragile", Password: "secret", Role: array.AdminRole, LockAfter: 2})
	try := func(password string) int {
		b.as = [2]string{"fragile", password}
		return b.do("GET cluster").Status
	}
	b.Expect(try("wrong")).To(Equal(401))
	b.Expect(try("secret")).To(Equal(200), "a good one begins the count anew")
	b.Expect(try("wrong")).To(Equal(401))
	b.Expect(try("wrong")).To(Equal(401))
	b.Expect(try("secret")).To(Equal(401), "locked")
}

func TestCertificatesLogIn(t *testing.T) {
	b := newBed(t)
	b.array.SetAccount(array.Account{Name: "operator", CertificateCN: "operator-cn", Role: array.AdminRole})
	as := func(cn string) int {
		return b.api.Do(Request{Method: "GET", Path: clusterPath, CertificateCN: cn}).Status
	}
	b.Expect(as("operator-cn")).To(Equal(200))
	b.Expect(as("other-cn")).To(Equal(401))
	b.Expect(b.api.AccountName(Request{CertificateCN: "operator-cn"})).To(Equal("operator"))
}

func TestRolesLimitWhatMayBeDone(t *testing.T) {
	limited := array.Role{
		{Path: "/api/cluster", Access: array.ReadOnly},
		{Path: "/api/protocols/san/iscsi", Access: array.ReadCreateModify},
		{Path: "/api/protocols/san/iscsi/sessions", Access: array.NoAccess},
	}
	for name, c := range map[string]struct {
		role    array.Role
		request string
		allowed bool
	}{
		"admin may":                        {array.AdminRole, "DELETE SERVICES?svm.name=x", true},
		"readonly may read":                {array.ReadOnlyRole, "GET SERVICES", true},
		"readonly may not write":           {array.ReadOnlyRole, "PATCH SERVICES/U2", false},
		"a privilege for the path":         {limited, "PATCH SERVICES/U2", true},
		"a method too many":                {limited, "DELETE SERVICES/U2", false},
		"the longest path decides":         {limited, "GET SESSIONS", false},
		"no privilege, no access":          {limited, "GET svm/svms", false},
		"a prefix ends at a slash":         {array.Role{{Path: "/api/clus", Access: array.AllAccess}}, "GET cluster", false},
		"HEAD needs what GET needs":        {limited, "HEAD SESSIONS", false},
		"a trailing slash changes nothing": {array.Role{{Path: "/api/cluster/", Access: array.ReadOnly}}, "GET cluster", true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			b.array.SetAccount(array.Account{Name: "limited", Password: "secret", Role: c.role})
			b.as = [2]string{"limited", "secret"}
			if c.allowed {
				b.ok(c.request, "{}")
			} else {
				b.refused(c.request, "", 403, "6", "")
			}
		})
	}
}

func TestAnSVMScopedAccountSeesOneSVM(t *testing.T) {
	b := newBed(t)
	b.ok("POST SERVICES", `{"svm.name":"svm1"}`)
	b.array.SetAccount(array.Account{Name: "vsadmin", Password: "secret", Role: array.AdminRole, SVM: "svm1"})
	b.as = [2]string{"vsadmin", "secret"}

	b.Expect(names(b.ok("GET SERVICES"))).To(Equal([]string{"svm1"}))
	b.Expect(names(b.ok("GET svm/svms"))).To(Equal([]string{"svm1"}))
	b.Expect(b.ok("GET SESSIONS")).To(HaveKeyWithValue("num_records", 0.0))
	b.refused("GET SERVICES/U2", "", 404, "2621462", "svm.uuid")
	b.refused("PATCH SERVICES/U2", `{"enabled":false}`, 404, "2621462", "svm.uuid")
	b.refused("DELETE SERVICES/U2", "", 404, "2621462", "svm.uuid")
	b.refused("GET SERVICES/U2/metrics", "", 404, "8585947", "")
	b.refused("GET svm/svms/U2", "", 404, "4", "uuid")
	b.refused("GET SESSIONS/U2/tpg1/1", "", 404, "2621462", "")
	b.refused("POST SERVICES", `{"svm.name":"svm2"}`, 404, "2621462", "")
	b.ok("PATCH SERVICES?svm.name=svm*", `{"target.alias":"mine"}`)
	b.Expect(b.array.SVM(uuid2).Service.Alias).To(Equal("svm2"))
	b.Expect(b.ok("GET cluster?fields=name,uuid,version")).To(SatisfyAll(HaveKey("version"), Not(HaveKey("uuid")), Not(HaveKey("name"))))

	b.ok("PATCH SERVICES/U1", `{"enabled":false}`)
	b.ok("DELETE SERVICES/U1")
	b.ok("POST SERVICES", `{}`)
	b.Expect(names(b.ok("GET SERVICES"))).To(Equal([]string{"svm1"}), "its own SVM need not be named")

	_, err := b.array.Change("svm1", func(svm *array.SVM) error { svm.Name = "renamed"; return nil })
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(names(b.ok("GET SERVICES"))).To(Equal([]string{"renamed"}), "the account follows its SVM")
}
