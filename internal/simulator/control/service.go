package control

import (
	"net/http"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
)

// putService creates a service out of band, or recreates it: what isn't given is what a new service gets.
func (a *API) putService(r *http.Request) (any, error) {
	var wanted Service
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	return a.change(r, func(svm *array.SVM) error {
		svm.Service, svm.Sessions = wanted.applied(nil, svm.Name), nil
		return nil
	})
}

func (a *API) changeService(r *http.Request) (any, error) {
	var wanted Service
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	return a.change(r, func(svm *array.SVM) error {
		if svm.Service == nil {
			return notFound("SVM %q has no service", svm.Name)
		}
		svm.Service = wanted.applied(svm.Service, svm.Name)
		return nil
	})
}

// removeService deletes a service even if it is enabled, as an administrator's -force does.
func (a *API) removeService(r *http.Request) (any, error) {
	_, err := a.change(r, func(svm *array.SVM) error {
		if svm.Service == nil {
			return notFound("SVM %q has no service", svm.Name)
		}
		svm.Service = nil
		return nil
	})
	return nil, err
}

func (a *API) login(r *http.Request) (any, error) {
	var session Session
	if err := read(r, &session); err != nil {
		return nil, err
	}
	name := r.PathValue("name")
	if a.Array.SVMByName(name) == nil {
		return nil, notFound("no SVM is named %q", name)
	}
	svm, err := a.Array.Login(name, array.Session{Initiator: session.Initiator, PortalGroup: session.PortalGroup})
	if err != nil {
		return nil, problem{http.StatusConflict, err}
	}
	return describe(svm), nil
}

// logout serves DELETE /svms/NAME/sessions[?initiator=…].
func (a *API) logout(r *http.Request) (any, error) {
	name := r.PathValue("name")
	if a.Array.SVMByName(name) == nil {
		return nil, notFound("no SVM is named %q", name)
	}
	svm, err := a.Array.Logout(name, r.URL.Query().Get("initiator"))
	if err != nil {
		return nil, err
	}
	return describe(svm), nil
}
