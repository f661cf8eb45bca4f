package array

import (
	"crypto/subtle"
	"fmt"
	"strings"
)

// Account is one login of the array.
type Account struct {
	Name          string
	Password      string
	CertificateCN string
	Role          Role
	SVM           string // not empty: an SVM-scoped account, which sees this SVM only
	Locked        bool
	// LockAfter is the number of failed logins in a row after which the account is locked; zero: never.
	LockAfter    int
	FailedLogins int
}

// Role is what an account may do: the longest privilege whose path is a prefix of the request's decides.
type Role []Privilege

// Privilege grants an access level to the APIs below a path.
type Privilege struct {
	Path   string `json:"path"`
	Access Access `json:"access"`
}

// Access is an access level of an ONTAP REST role.
type Access string

// The access levels of ONTAP REST roles.
const (
	NoAccess         Access = "none"
	ReadOnly         Access = "readonly"
	ReadCreate       Access = "read_create"
	ReadModify       Access = "read_modify"
	ReadCreateModify Access = "read_create_modify"
	AllAccess        Access = "all"
)

var methods = map[Access][]string{
	NoAccess:         {},
	ReadOnly:         {"GET"},
	ReadCreate:       {"GET", "POST"},
	ReadModify:       {"GET", "PATCH"},
	ReadCreateModify: {"GET", "POST", "PATCH"},
	AllAccess:        {"GET", "POST", "PATCH", "DELETE"},
}

// Predefined roles.
var (
	AdminRole    = Role{{Path: "/api", Access: AllAccess}}
	ReadOnlyRole = Role{{Path: "/api", Access: ReadOnly}}
)

// NamedRole returns a predefined role.
func NamedRole(name string) (Role, error) {
	switch name {
	case "", "admin":
		return AdminRole, nil
	case "readonly":
		return ReadOnlyRole, nil
	}
	return nil, fmt.Errorf("role %q is neither admin nor readonly, nor a list of privileges", name)
}

// Validate says what is wrong with a role's privileges.
func (r Role) Validate() error {
	for _, p := range r {
		if _, ok := methods[p.Access]; !ok {
			return fmt.Errorf("access %q of %s is not an access level", p.Access, p.Path)
		}
		if !strings.HasPrefix(p.Path, "/api") {
			return fmt.Errorf("path %q of a privilege does not begin with /api", p.Path)
		}
	}
	return nil
}

// Allows says whether the role may use a method on a path.
func (r Role) Allows(method, path string) bool {
	var best Privilege
	for _, p := range r {
		if len(p.Path) > len(best.Path) && covers(p.Path, path) {
			best = p
		}
	}
	for _, allowed := range methods[best.Access] {
		if allowed == method {
			return true
		}
	}
	return false
}

func covers(prefix, path string) bool {
	rest, found := strings.CutPrefix(path, strings.TrimSuffix(prefix, "/"))
	return found && (rest == "" || rest[0] == '/')
}

// SetAccount adds or replaces an account.
func (a *Array) SetAccount(account Account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.accounts[account.Name] = &account
}

// Account returns the account with a name.
func (a *Array) Account(name string) (Account, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if account, ok := a.accounts[name]; ok {
		return *account, true
	}
	return Account{}, false
}

// ChangeAccount applies an out-of-band change to an account.
func (a *Array) ChangeAccount(name string, change func(*Account) error) (Account, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	account, ok := a.accounts[name]
	if !ok {
		return Account{}, fmt.Errorf("no account is named %q", name)
	}
	changed := *account
	if err := change(&changed); err != nil {
		return Account{}, err
	}
	*account = changed
	return changed, nil
}

// followRename keeps SVM-scoped accounts with their SVM.
func (a *Array) followRename(from, to string) {
	for _, account := range a.accounts {
		if account.SVM == from {
			account.SVM = to
		}
	}
}

// LoginWithPassword checks a name and password, and locks the account when that was tried too often.
func (a *Array) LoginWithPassword(name, password string) (Account, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	account, ok := a.accounts[name]
	if !ok || account.Locked {
		return Account{}, false
	}
	if account.Password == "" || subtle.ConstantTimeCompare([]byte(account.Password), []byte(password)) == 0 {
		account.FailedLogins++
		account.Locked = account.LockAfter > 0 && account.FailedLogins >= account.LockAfter
		return Account{}, false
	}
	account.FailedLogins = 0
	return *account, true
}

// LoginWithCertificate finds the account that a verified client certificate belongs to.
func (a *Array) LoginWithCertificate(commonName string) (Account, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, account := range a.accounts {
		if commonName != "" && account.CertificateCN == commonName && !account.Locked {
			return *account, true
		}
	}
	return Account{}, false
}
