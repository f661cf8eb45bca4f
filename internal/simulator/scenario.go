package simulator

import (
	"fmt"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/control"
)

// Scenario is what the array is like when it comes up.
type Scenario struct {
	Cluster     control.Cluster   `json:"cluster"`
	Latency     string            `json:"latency,omitempty"`
	Accounts    []control.Account `json:"accounts"`
	SVMs        []control.SVM     `json:"svms"`
	Licenses    control.Licenses  `json:"licenses"`
	Generate    Generate          `json:"generate"`
	Certificate Certificate       `json:"certificate"`
}

// Generate adds many SVMs that differ by a number only.
type Generate struct {
	SVMs     int    `json:"svms"`
	Prefix   string `json:"prefix"`
	Services bool   `json:"services"`
}

// Certificate is what the server's certificate looks like.
type Certificate struct {
	// CommonNameOnly leaves out the subject alternative names, as arrays often do.
	CommonNameOnly bool `json:"commonNameOnly"`
}

// defaultPassword is that of admin, the account of a scenario that names none.
const defaultPassword = "netapp123"

// DefaultScenario is what the simulator plays unless told otherwise.
const DefaultScenario = `cluster: {name: array1, version: 9.16.1, platform: unified}
svms:
  - name: svm1
  - name: svm2
    service: {enabled: true, alias: svm2}
`

// ExampleScenario shows everything a scenario may say.
const ExampleScenario = `cluster: {name: array1, version: 9.16.1, platform: unified}   # or asa-r2; freshTargetNames: true
latency: 0s                                                   # added to each answer
licenses: {iscsi: true}
certificate: {commonNameOnly: false}                          # true: without subject alternative names
accounts:
  - {name: admin, password: netapp123, role: admin}
  - {name: viewer, password: netapp123, role: readonly, lockAfter: 6}
  - {name: svm1-admin, password: netapp123, svm: svm1}        # sees svm1 only
  - name: operator
    certificateCN: ontap-san-operator                         # logs in with a client certificate
    role:
      - {path: /api/cluster, access: readonly}
      - {path: /api/svm/svms, access: readonly}
      - {path: /api/protocols/san/iscsi, access: all}
svms:
  - name: svm1
  - name: svm2
    service: {enabled: true, alias: svm2}                     # exists before anybody asks
    sessions: [{initiator: "iqn.1998-01.com.example:host1", portalGroup: tpg1}]
  - {name: svm3, state: stopped}
  - {name: svm4, iscsi: {allowed: false}}
  - {name: svm5, nvme: {configured: true}}
  - {name: svm6, service: {}, metrics: {backfilled: 0.01}}    # or available: false, or status: partial_no_data
generate: {svms: 0, prefix: svm-, services: false}            # as many more
`

// ParseScenario reads a scenario. An unknown field is an error that names it.
func ParseScenario(text []byte) (Scenario, error) {
	var s Scenario
	if err := yaml.UnmarshalStrict(text, &s); err != nil {
		return Scenario{}, fmt.Errorf("scenario: %w", err)
	}
	return s, nil
}

// build makes the array.
func (s Scenario) build(now func() time.Time) (*array.Array, error) {
	cluster := array.Cluster{Name: "array1", Version: array.Version{Generation: 9, Major: 16, Minor: 1}, Platform: array.Unified, ISCSILicensed: true}
	if err := s.Cluster.Apply(&cluster); err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	if s.Licenses.ISCSI != nil {
		cluster.ISCSILicensed = *s.Licenses.ISCSI
	}
	a := array.New(cluster, now)
	svms, err := s.svms()
	if err != nil {
		return nil, err
	}
	if _, err := a.AddSVMs(svms...); err != nil {
		return nil, fmt.Errorf("svms: %w", err)
	}
	accounts := s.Accounts
	if len(accounts) == 0 {
		accounts = []control.Account{{Name: "admin", Password: new(defaultPassword)}}
	}
	for i, wanted := range accounts {
		account, err := wanted.ToArray()
		if err != nil {
			return nil, fmt.Errorf("accounts[%d]: %w", i, err)
		}
		if account.SVM != "" && a.SVMByName(account.SVM) == nil {
			return nil, fmt.Errorf("accounts[%d]: no SVM is named %q", i, account.SVM)
		}
		a.SetAccount(account)
	}
	return a, nil
}

func (s Scenario) svms() ([]array.SVM, error) {
	var svms []array.SVM
	for i, wanted := range s.SVMs {
		svm, err := wanted.ToArray()
		if err != nil {
			return nil, fmt.Errorf("svms[%d] (%s): %w", i, wanted.Name, err)
		}
		svms = append(svms, svm)
	}
	prefix := s.Generate.Prefix
	if prefix == "" {
		prefix = "svm-"
	}
	for n := range s.Generate.SVMs {
		svm := array.SVM{Name: fmt.Sprintf("%s%05d", prefix, n+1), ISCSIAllowed: true, NVMeAllowed: true}
		if s.Generate.Services {
			svm.Service = &array.Service{Enabled: true, Alias: svm.Name}
		}
		svms = append(svms, svm)
	}
	return svms, nil
}

func (s Scenario) latency() (time.Duration, error) {
	if s.Latency == "" {
		return 0, nil
	}
	latency, err := time.ParseDuration(s.Latency)
	if err != nil {
		return 0, fmt.Errorf("latency: %q is not a duration such as 20ms", s.Latency)
	}
	return latency, nil
}
