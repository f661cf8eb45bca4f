package fleet

import (
	"maps"
	"slices"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// merge stores what a complete poll saw that began at that time, and returns the SVMs whose service is another one
// than at the last poll, performance data apart, those included that a request of the operator has changed: other objects
// may show the same service. One that was renamed is returned under both names. Unreadable are the SVMs whose records could
// not be understood.
func (s *snapshot) merge(polled []ontap.Service, began time.Time, unreadable ...ontap.SVMRef) []ontap.SVMRef {
	s.mu.Lock()
	defer s.mu.Unlock()
	services := s.newest(polled, began)
	for svm, since := range s.doubts {
		if since.Before(began) {
			delete(s.doubts, svm)
		}
	}
	s.doubtUnreadable(unreadable, began)
	s.noteChanges(services)
	changed := slices.Collect(maps.Keys(s.changes))
	s.services, s.names, s.began, s.changes = services, namesOf(services), began, nil
	return changed
}

// newest returns the services by the UUID of their SVM as a poll saw them that began at that time, except those that were
// written or read on their own since then.
func (s *snapshot) newest(polled []ontap.Service, began time.Time) map[string]ontap.Service {
	services := make(map[string]ontap.Service, len(polled))
	for _, service := range polled {
		services[service.SVM.UUID] = service
	}
	for uuid, stamp := range s.stamps {
		if stamp.Before(began) {
			delete(s.stamps, uuid)
			continue
		}
		service, ok := s.services[uuid]
		if !ok {
			delete(services, uuid)
			continue
		}
		if seen, ok := services[uuid]; ok && seen.Metric != nil && seen.Target.Name == service.Target.Name {
			service.Metric, service.Statistics = seen.Metric, seen.Statistics
		}
		services[uuid] = service
	}
	return services
}

// doubtUnreadable makes doubtful what a poll that began at that time could not understand.
func (s *snapshot) doubtUnreadable(svms []ontap.SVMRef, began time.Time) {
	s.unnamed, s.unidentified = false, false
	for _, svm := range svms {
		s.unnamed, s.unidentified = s.unnamed || svm.Name == "", s.unidentified || svm.UUID == ""
		if svm.UUID == "" || !s.hasNewer(svm.UUID, began) {
			s.addDoubt(svm, began)
		}
	}
}

// noteChanges notes the SVMs whose service is another one than in the snapshot.
func (s *snapshot) noteChanges(services map[string]ontap.Service) {
	for uuid, service := range services {
		old, known := s.services[uuid]
		if !known || !alike(old, service) {
			s.noteChange(service.SVM)
		}
		if known && old.SVM.Name != service.SVM.Name {
			s.noteChange(old.SVM)
		}
	}
	for uuid, old := range s.services {
		if _, ok := services[uuid]; !ok {
			s.noteChange(old.SVM)
		}
	}
}

// namesOf returns the UUID by the name of the SVM, "" for a name of two.
func namesOf(services map[string]ontap.Service) map[string]string {
	names := make(map[string]string, len(services))
	for uuid, service := range services {
		if _, taken := names[service.SVM.Name]; taken {
			uuid = ""
		}
		names[service.SVM.Name] = uuid
	}
	return names
}

// sharesAny reports whether one of the services is of an SVM that was seen before: no two SVMs have
// the same UUID, so that it is the same array then.
func (s *snapshot) sharesAny(services []ontap.Service) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := range services {
		if _, ok := s.services[services[i].SVM.UUID]; ok {
			return true
		}
	}
	return false
}

// keepSamples puts the performance data that is known onto services that were polled without.
func (s *snapshot) keepSamples(services []ontap.Service) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := range services {
		if old, ok := s.services[services[i].SVM.UUID]; ok && old.Target.Name == services[i].Target.Name {
			services[i].Metric, services[i].Statistics = old.Metric, old.Statistics
		}
	}
}
