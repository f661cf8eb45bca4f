package control

import (
	"errors"
	"net/http"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
)

// SVM is an SVM as scenarios and the control API write it.
type SVM struct {
	Name     string     `json:"name"`
	UUID     string     `json:"uuid,omitempty"`
	State    string     `json:"state,omitempty"`
	ISCSI    *ISCSI     `json:"iscsi,omitempty"`
	NVMe     *NVMe      `json:"nvme,omitempty"`
	Service  *Service   `json:"service"`
	Sessions []Session  `json:"sessions"`
	Metrics  *Telemetry `json:"metrics,omitempty"`
}

// ISCSI says whether the SVM may have an iSCSI service.
type ISCSI struct {
	Allowed *bool `json:"allowed"`
}

// NVMe says whether the SVM is configured for NVMe.
type NVMe struct {
	Allowed    *bool `json:"allowed,omitempty"`
	Configured *bool `json:"configured,omitempty"`
}

// Service is an iSCSI service. In changes, what is absent stays.
type Service struct {
	Enabled *bool   `json:"enabled,omitempty"`
	Alias   *string `json:"alias,omitempty"`
	Target  string  `json:"target,omitempty"`
}

// Session is an initiator that is logged in.
type Session struct {
	Initiator   string `json:"initiator"`
	PortalGroup string `json:"portalGroup,omitempty"`
	TSIH        int    `json:"tsih,omitempty"`
}

// Telemetry is how well the SVM's metrics are measured: not at all, with a status other than ok, or with a share of
// the samples backfilled.
type Telemetry struct {
	Available  *bool   `json:"available,omitempty"`
	Status     string  `json:"status,omitempty"`
	Backfilled float64 `json:"backfilled,omitempty"`
}

// ToArray translates to the array's terms.
func (s SVM) ToArray() (array.SVM, error) {
	svm := array.SVM{Name: s.Name, UUID: s.UUID, ISCSIAllowed: true, NVMeAllowed: true}
	if err := s.apply(&svm); err != nil {
		return array.SVM{}, err
	}
	if s.Service != nil {
		svm.Service = s.Service.applied(nil, s.Name)
	}
	for _, session := range s.Sessions {
		if session.Initiator == "" {
			return array.SVM{}, errors.New("a session needs an initiator")
		}
		svm.Sessions = append(svm.Sessions, array.Session{Initiator: session.Initiator, PortalGroup: session.PortalGroup})
	}
	if len(svm.Sessions) > 0 && !svm.Serving() {
		return array.SVM{}, array.ErrNotServing
	}
	return svm, nil
}

// apply changes everything of an SVM but its service and sessions.
func (s SVM) apply(svm *array.SVM) error {
	state, err := array.ParseState(s.State)
	if err != nil {
		return err
	}
	if s.State != "" || svm.State == "" {
		svm.State = state
	}
	if s.Name != "" {
		svm.Name = s.Name
	}
	if s.ISCSI != nil {
		set(&svm.ISCSIAllowed, s.ISCSI.Allowed)
	}
	if s.NVMe != nil {
		set(&svm.NVMeAllowed, s.NVMe.Allowed)
		set(&svm.NVMeConfigured, s.NVMe.Configured)
	}
	if s.Metrics != nil {
		svm.Metrics = array.Metrics{
			Unavailable: s.Metrics.Available != nil && !*s.Metrics.Available,
			Status:      s.Metrics.Status,
			Backfilled:  s.Metrics.Backfilled,
		}
	}
	return nil
}

// applied returns the service changed, or a new one if there was none. An empty target of a new service means that
// the array generates one.
func (s Service) applied(old *array.Service, svmName string) *array.Service {
	service := array.Service{Enabled: true, Alias: svmName}
	if old != nil {
		service = *old
	}
	if s.Enabled != nil {
		service.Enabled = *s.Enabled
	}
	if s.Alias != nil {
		service.Alias = *s.Alias
	}
	if s.Target != "" {
		service.Target = s.Target
	}
	return &service
}

// describe is the whole truth about an SVM.
func describe(svm *array.SVM) SVM {
	available := !svm.Metrics.Unavailable
	truth := SVM{
		Name: svm.Name, UUID: svm.UUID, State: string(svm.State),
		ISCSI:    &ISCSI{&svm.ISCSIAllowed},
		NVMe:     &NVMe{&svm.NVMeAllowed, &svm.NVMeConfigured},
		Metrics:  &Telemetry{&available, svm.Metrics.Status, svm.Metrics.Backfilled},
		Sessions: []Session{},
	}
	if svm.Service != nil {
		truth.Service = &Service{&svm.Service.Enabled, &svm.Service.Alias, svm.Service.Target}
	}
	for _, s := range svm.Sessions {
		truth.Sessions = append(truth.Sessions, Session{s.Initiator, s.PortalGroup, s.TSIH})
	}
	return truth
}

func (a *API) svms(*http.Request) (any, error) {
	all := []SVM{}
	for _, svm := range a.Array.SVMs() {
		all = append(all, describe(svm))
	}
	return all, nil
}

func (a *API) svm(r *http.Request) (any, error) {
	svm := a.Array.SVMByName(r.PathValue("name"))
	if svm == nil {
		return nil, notFound("no SVM is named %q", r.PathValue("name"))
	}
	return describe(svm), nil
}

func (a *API) addSVM(r *http.Request) (any, error) {
	var wanted SVM
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	svm, err := wanted.ToArray()
	if err != nil {
		return nil, err
	}
	added, err := a.Array.AddSVMs(svm)
	if err != nil {
		return nil, problem{http.StatusConflict, err}
	}
	return describe(added[0]), nil
}

func (a *API) changeSVM(r *http.Request) (any, error) {
	var wanted SVM
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	if wanted.Service != nil || wanted.Sessions != nil || wanted.UUID != "" {
		return nil, errors.New("service and sessions have paths of their own, and a uuid never changes")
	}
	return a.change(r, wanted.apply)
}

func (a *API) removeSVM(r *http.Request) (any, error) {
	if name := r.PathValue("name"); !a.Array.RemoveSVM(name) {
		return nil, notFound("no SVM is named %q", name)
	}
	return nil, nil
}

// change changes the SVM that the request's path names.
func (a *API) change(r *http.Request, change func(*array.SVM) error) (any, error) {
	name := r.PathValue("name")
	if a.Array.SVMByName(name) == nil {
		return nil, notFound("no SVM is named %q", name)
	}
	svm, err := a.Array.Change(name, change)
	if err != nil {
		return nil, err
	}
	return describe(svm), nil
}
