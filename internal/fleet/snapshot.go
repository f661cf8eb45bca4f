package fleet

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// snapshot is what is known of the services of one array: what the last complete poll saw, and what was read or written
// since. Each record is as old as its stamp says: a poll that began before that does not touch it.
type snapshot struct {
	mu sync.RWMutex
	// began is when the last complete poll began; zero before the first.
	began    time.Time
	services map[string]ontap.Service // by the UUID of the SVM
	// names has the UUID by the name of the SVM, or "" if two records have the same name: one of them was renamed between
	// two pages.
	names map[string]string
	// stamps is when a service, by the UUID of its SVM, was written or read on its own; polls that began later have seen it.
	stamps map[string]time.Time
	// news are the SVMs whose service became another one since the last poll, by what was read or written on its own.
	news map[ontap.SVMRef]bool
	// doubts is when a write was sent, to an SVM by its UUID or its name, whose outcome is not known.
	doubts map[ontap.SVMRef]time.Time
	// unnamed and unidentified: a record of the last poll that could not be understood did not say the name of its SVM, or
	// its UUID. What the poll did not have by that may be this one.
	unnamed, unidentified bool
}

// find returns the service of the SVM with the UUID, or with the name if the UUID is empty. It is false if that takes a
// look at the array: nothing was read yet, a write was not answered, two SVMs have the name, or a record of the last poll
// that is or may be this one could not be understood.
func (s *snapshot) find(svm ontap.SVMRef) (*ontap.Service, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.began.IsZero() {
		return nil, false
	}
	uuid, ambiguous := svm.UUID, false
	if uuid == "" {
		uuid, ambiguous = s.names[svm.Name]
		ambiguous = ambiguous && uuid == ""
	}
	if ambiguous || s.doubted(svm) {
		return nil, false
	}
	service, ok := s.services[uuid]
	if !ok {
		odd := s.unidentified
		if svm.UUID == "" {
			odd = s.unnamed
		}
		return nil, !odd
	}
	return &service, !s.doubted(service.SVM)
}

func (s *snapshot) doubted(svm ontap.SVMRef) bool {
	_, byUUID := s.doubts[ontap.SVMRef{UUID: svm.UUID}]
	_, byName := s.doubts[ontap.SVMRef{Name: svm.Name}]
	return svm.UUID != "" && byUUID || svm.Name != "" && byName
}

// put takes in a service as it was at that time: when the read of it began, or the write of it ended.
func (s *snapshot) put(service ontap.Service, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(service, at)
}

func (s *snapshot) take(service ontap.Service, at time.Time) {
	uuid := service.SVM.UUID
	if s.knowsBetter(uuid, at) {
		return
	}
	s.settle(service.SVM, at)
	old, ok := s.services[uuid]
	if !ok || !alike(old, service) {
		s.tell(service.SVM)
	}
	if ok && service.Metric == nil && old.Target.Name == service.Target.Name {
		// What is read on its own comes without performance data.
		service.Metric, service.Statistics = old.Metric, old.Statistics
	}
	s.stamp(uuid, at)
	if s.services == nil {
		s.services, s.names = map[string]ontap.Service{}, map[string]string{}
	}
	if ok && old.SVM.Name != service.SVM.Name {
		s.tell(old.SVM)
		if s.names[old.SVM.Name] == uuid {
			delete(s.names, old.SVM.Name)
		}
	}
	s.services[uuid] = service
	s.names[service.SVM.Name] = uuid
}

// change applies an answered update to the service of that SVM.
func (s *snapshot) change(svmUUID string, update ontap.ServiceUpdate, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	service, ok := s.services[svmUUID]
	if !ok {
		// A poll that is under way may have seen it as it was before.
		s.distrust(ontap.SVMRef{UUID: svmUUID}, at)
		return
	}
	if update.Enabled != nil {
		service.Enabled = *update.Enabled
	}
	if update.Alias != nil {
		service.Target.Alias = *update.Alias
	}
	s.take(service, at)
}

// remove takes in that the SVM has no service, as of that time.
func (s *snapshot) remove(svmUUID string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.knowsBetter(svmUUID, at) {
		return
	}
	old, ok := s.services[svmUUID]
	if ok {
		s.tell(old.SVM)
	}
	s.settle(ontap.SVMRef{UUID: svmUUID, Name: old.SVM.Name}, at)
	s.stamp(svmUUID, at)
	delete(s.services, svmUUID)
	if s.names[old.SVM.Name] == svmUUID {
		delete(s.names, old.SVM.Name)
	}
}

// doubt takes in that a write to the SVM may have been carried out, or may yet be.
func (s *snapshot) doubt(svm ontap.SVMRef, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.distrust(svm, at)
}

func (s *snapshot) distrust(svm ontap.SVMRef, at time.Time) {
	if s.doubts == nil {
		s.doubts = map[ontap.SVMRef]time.Time{}
	}
	for _, key := range []ontap.SVMRef{{UUID: svm.UUID}, {Name: svm.Name}} {
		if key != (ontap.SVMRef{}) && s.doubts[key].Before(at) {
			s.doubts[key] = at
		}
	}
}

// settle ends the doubts about an SVM that are older than what is known now.
func (s *snapshot) settle(svm ontap.SVMRef, at time.Time) {
	for _, key := range []ontap.SVMRef{{UUID: svm.UUID}, {Name: svm.Name}} {
		if since, ok := s.doubts[key]; ok && since.Before(at) {
			delete(s.doubts, key)
		}
	}
}

// knowsBetter reports whether what is known of the service was read or written later, by a poll too.
func (s *snapshot) knowsBetter(svmUUID string, at time.Time) bool {
	return at.Before(s.began) || at.Before(s.stamps[svmUUID])
}

// tell has the next poll say that the service is another one.
func (s *snapshot) tell(svm ontap.SVMRef) {
	if s.news == nil {
		s.news = map[ontap.SVMRef]bool{}
	}
	s.news[svm] = true
}

func (s *snapshot) stamp(svmUUID string, at time.Time) {
	if s.stamps == nil {
		s.stamps = map[string]time.Time{}
	}
	s.stamps[svmUUID] = at
}

// sharesAny reports whether one of the services is of an SVM that was seen before: SVMs have their UUIDs for
// themselves, so that it is the same array then.
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

// merge takes in what a complete poll saw that began at that time, and returns the SVMs whose service is another one
// than at the last poll, performance data apart: who wrote it is not the only one to whom that matters. One that was
// renamed is returned under both names. Odd are the SVMs whose records could not be understood.
func (s *snapshot) merge(polled []ontap.Service, began time.Time, odd ...ontap.SVMRef) []ontap.SVMRef {
	s.mu.Lock()
	defer s.mu.Unlock()
	services := make(map[string]ontap.Service, len(polled))
	for _, service := range polled {
		services[service.SVM.UUID] = service
	}
	for uuid, stamp := range s.stamps {
		if stamp.Before(began) {
			delete(s.stamps, uuid)
			continue
		}
		// What is known is younger than what was polled.
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
	for svm, since := range s.doubts {
		if since.Before(began) {
			delete(s.doubts, svm)
		}
	}
	s.unnamed, s.unidentified = false, false
	for _, svm := range odd {
		s.unnamed, s.unidentified = s.unnamed || svm.Name == "", s.unidentified || svm.UUID == ""
		if svm.UUID == "" || !s.knowsBetter(svm.UUID, began) {
			s.distrust(svm, began)
		}
	}
	names := make(map[string]string, len(services))
	for uuid, service := range services {
		if _, taken := names[service.SVM.Name]; taken {
			uuid = ""
		}
		names[service.SVM.Name] = uuid
		old, known := s.services[service.SVM.UUID]
		if !known || !alike(old, service) {
			s.tell(service.SVM)
		}
		if known && old.SVM.Name != service.SVM.Name {
			s.tell(old.SVM)
		}
	}
	for uuid, old := range s.services {
		if _, ok := services[uuid]; !ok {
			s.tell(old.SVM)
		}
	}
	changed := slices.Collect(maps.Keys(s.news))
	s.services, s.names, s.began, s.news = services, names, began, nil
	return changed
}

func alike(a, b ontap.Service) bool {
	return a.SVM == b.SVM && a.Enabled == b.Enabled && a.Target == b.Target
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

// polled is when the last complete poll began; zero before the first.
func (s *snapshot) polled() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.began
}

func (s *snapshot) size() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.services)
}

func (s *snapshot) list() []ontap.Service {
	s.mu.RLock()
	defer s.mu.RUnlock()
	services := make([]ontap.Service, 0, len(s.services))
	for _, service := range s.services {
		services = append(services, service)
	}
	return services
}
