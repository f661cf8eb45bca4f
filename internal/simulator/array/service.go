package array

import (
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
)

// SVMRef names an SVM the way a request does: by name, by UUID or by both.
type SVMRef struct{ Name, UUID string }

// ServiceSpec is what a request may say about a service. Nil means "not said".
type ServiceSpec struct {
	Enabled *bool
	Alias   *string
}

// CreateService implements "Create an iSCSI service" with that section's error table.
func (a *Array) CreateService(ref SVMRef, spec ServiceSpec) (*SVM, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cluster.Platform == ASAr2 {
		return nil, ontaperror.New(ontaperror.UnsupportedOnASAr2)
	}
	svm, err := a.resolve(ref)
	if err != nil {
		return nil, err
	}
	switch {
	case !a.cluster.ISCSILicensed:
		return nil, ontaperror.New(ontaperror.NoISCSILicense)
	case !svm.ISCSIAllowed:
		return nil, ontaperror.New(ontaperror.ISCSINotAllowed)
	case svm.NVMeConfigured:
		return nil, ontaperror.New(ontaperror.NVMeConfigured)
	case svm.Service != nil:
		return nil, ontaperror.New(ontaperror.ServiceExists)
	case svm.State != Running:
		return nil, ontaperror.New(ontaperror.SVMStopped)
	}
	return a.change(svm, func(svm *SVM) error {
		svm.Service = &Service{
			Enabled: valueOr(spec.Enabled, true),
			Alias:   valueOr(spec.Alias, svm.Name),
		}
		return nil
	})
}

// UpdateService implements "Update an iSCSI service".
func (a *Array) UpdateService(uuid string, spec ServiceSpec) (*SVM, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	svm, err := a.withService(uuid)
	if err != nil {
		return nil, err
	}
	return a.change(svm, func(svm *SVM) error {
		svm.Service = &Service{
			Enabled: valueOr(spec.Enabled, svm.Service.Enabled),
			Alias:   valueOr(spec.Alias, svm.Service.Alias),
			Target:  svm.Service.Target,
		}
		return nil
	})
}

// DeleteService implements "Delete an iSCSI service".
func (a *Array) DeleteService(uuid string) (*SVM, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cluster.Platform == ASAr2 {
		return nil, ontaperror.New(ontaperror.UnsupportedOnASAr2)
	}
	svm, err := a.withService(uuid)
	if err != nil {
		return nil, err
	}
	if svm.Service.Enabled {
		return nil, ontaperror.New(ontaperror.ServiceEnabled)
	}
	return a.change(svm, func(svm *SVM) error {
		svm.Service = nil
		return nil
	})
}

// Resolve returns the SVM that a request names, or the error of "Create an iSCSI service".
func (a *Array) Resolve(ref SVMRef) (*SVM, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.resolve(ref)
}

func (a *Array) resolve(ref SVMRef) (*SVM, error) {
	switch {
	case ref.Name == "" && ref.UUID == "":
		return nil, ontaperror.New(ontaperror.NoSVMSpecified)
	case ref.UUID == "":
		if svm := a.named(ref.Name); svm != nil {
			return svm, nil
		}
		return nil, ontaperror.On(ontaperror.SVMDoesNotExist, "svm.name")
	}
	svm := a.byUUID[ref.UUID]
	switch {
	case svm == nil:
		return nil, ontaperror.On(ontaperror.SVMDoesNotExist, "svm.uuid")
	case ref.Name != "" && svm.Name != ref.Name:
		return nil, ontaperror.New(ontaperror.SVMMismatch)
	}
	return svm, nil
}

func (a *Array) withService(uuid string) (*SVM, error) {
	svm := a.byUUID[uuid]
	switch {
	case svm == nil:
		return nil, ontaperror.On(ontaperror.SVMDoesNotExist, "svm.uuid")
	case svm.Service == nil:
		return nil, ontaperror.New(ontaperror.NoService)
	}
	return svm, nil
}

// WithService returns the SVM with a UUID if it has a service, or the error of "Retrieve an iSCSI service".
func (a *Array) WithService(uuid string) (*SVM, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.withService(uuid)
}

func valueOr[T any](given *T, otherwise T) T {
	if given == nil {
		return otherwise
	}
	return *given
}
