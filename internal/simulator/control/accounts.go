package control

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
)

// Account is a login as scenarios and the control API write it. In changes, what is absent stays.
type Account struct {
	Name          string  `json:"name"`
	Password      *string `json:"password,omitempty"`
	Role          Role    `json:"role,omitempty"`
	SVM           *string `json:"svm,omitempty"`
	CertificateCN *string `json:"certificateCN,omitempty"`
	Locked        *bool   `json:"locked,omitempty"`
	LockAfter     *int    `json:"lockAfter,omitempty"`
	// FailedLogins can only be read.
	FailedLogins int `json:"failedLogins,omitempty"`
}

// Role is "admin", "readonly" or a list of privileges.
type Role array.Role

// UnmarshalJSON implements json.Unmarshaler.
func (r *Role) UnmarshalJSON(data []byte) error {
	var name string
	if json.Unmarshal(data, &name) == nil {
		role, err := array.NamedRole(name)
		*r = Role(role)
		return err
	}
	var privileges []array.Privilege
	if err := json.Unmarshal(data, &privileges); err != nil {
		return errors.New(`role is neither "admin" nor "readonly" nor a list of {path, access}`)
	}
	*r = Role(privileges)
	return array.Role(privileges).Validate()
}

// ToArray translates a new account to the array's terms.
func (a Account) ToArray() (array.Account, error) {
	account := array.Account{Name: a.Name, Role: array.AdminRole}
	if a.Name == "" {
		return account, errors.New("an account needs a name")
	}
	a.apply(&account)
	if account.Password == "" && account.CertificateCN == "" {
		return account, errors.New("account " + a.Name + " has neither a password nor a certificateCN")
	}
	return account, nil
}

func (a Account) apply(account *array.Account) {
	if a.Role != nil {
		account.Role = array.Role(a.Role)
	}
	set(&account.Password, a.Password)
	set(&account.SVM, a.SVM)
	set(&account.CertificateCN, a.CertificateCN)
	set(&account.LockAfter, a.LockAfter)
	set(&account.Locked, a.Locked)
	if a.Locked != nil && !*a.Locked {
		account.FailedLogins = 0
	}
}

func set[T any](target, value *T) {
	if value != nil {
		*target = *value
	}
}

// describeAccount is the truth about an account, without its password.
func describeAccount(a array.Account) Account {
	return Account{
		Name: a.Name, Role: Role(a.Role), SVM: &a.SVM, CertificateCN: &a.CertificateCN,
		Locked: &a.Locked, LockAfter: &a.LockAfter, FailedLogins: a.FailedLogins,
	}
}

func (a *API) account(r *http.Request) (any, error) {
	account, ok := a.Array.Account(r.PathValue("name"))
	if !ok {
		return nil, notFound("no account is named %q", r.PathValue("name"))
	}
	return describeAccount(account), nil
}

func (a *API) putAccount(r *http.Request) (any, error) {
	wanted := Account{}
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	wanted.Name = r.PathValue("name")
	account, err := wanted.ToArray()
	if err != nil {
		return nil, err
	}
	a.Array.SetAccount(account)
	return describeAccount(account), nil
}

func (a *API) changeAccount(r *http.Request) (any, error) {
	var wanted Account
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	account, err := a.Array.ChangeAccount(r.PathValue("name"), func(account *array.Account) error {
		wanted.apply(account)
		return nil
	})
	if err != nil {
		return nil, problem{http.StatusNotFound, err}
	}
	return describeAccount(account), nil
}

// clientCertificate makes a certificate that the account can log in with, and its key, both in PEM.
func (a *API) clientCertificate(r *http.Request) (any, error) {
	account, ok := a.Array.Account(r.PathValue("name"))
	switch {
	case !ok:
		return nil, notFound("no account is named %q", r.PathValue("name"))
	case account.CertificateCN == "":
		return nil, errors.New("account " + account.Name + " has no certificateCN")
	}
	certificate, key, err := a.Certificates.Client(account.CertificateCN)
	return map[string]string{"certificate": string(certificate), "key": string(key)}, err
}
