package fleet

import (
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
	// changes are the SVMs whose service became another one since the last poll, by what was read or written on its own.
	changes map[ontap.SVMRef]bool
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
		unreadable := s.unidentified
		if svm.UUID == "" {
			unreadable = s.unnamed
		}
		return nil, !unreadable
	}
	return &service, !s.doubted(service.SVM)
}

func (s *snapshot) doubted(svm ontap.SVMRef) bool {
	_, byUUID := s.doubts[ontap.SVMRef{UUID: svm.UUID}]
	_, byName := s.doubts[ontap.SVMRef{Name: svm.Name}]
	return svm.UUID != "" && byUUID || svm.Name != "" && byName
}

// put stores a service as it was at that time: when the read of it began, or the write of it ended.
func (s *snapshot) put(service ontap.Service, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store(service, at)
}

// store is put while s is locked.
func (s *snapshot) store(service ontap.Service, at time.Time) {
	uuid := service.SVM.UUID
	if s.hasNewer(uuid, at) {
		return
	}
	s.clearDoubts(service.SVM, at)
	old, ok := s.services[uuid]
	if !ok || !alike(old, service) {
		s.noteChange(service.SVM)
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
		s.noteChange(old.SVM)
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
		s.addDoubt(ontap.SVMRef{UUID: svmUUID}, at)
		return
	}
	if update.Enabled != nil {
		service.Enabled = *update.Enabled
	}
	if update.Alias != nil {
		service.Target.Alias = *update.Alias
	}
	s.store(service, at)
}

// remove stores that the SVM has no service, as of that time.
func (s *snapshot) remove(svmUUID string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hasNewer(svmUUID, at) {
		return
	}
	old, ok := s.services[svmUUID]
	if ok {
		s.noteChange(old.SVM)
	}
	s.clearDoubts(ontap.SVMRef{UUID: svmUUID, Name: old.SVM.Name}, at)
	s.stamp(svmUUID, at)
	delete(s.services, svmUUID)
	if s.names[old.SVM.Name] == svmUUID {
		delete(s.names, old.SVM.Name)
	}
}

// doubt stores that a write to the SVM may have been carried out, or may yet be.
func (s *snapshot) doubt(svm ontap.SVMRef, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addDoubt(svm, at)
}

// addDoubt is doubt while s is locked.
func (s *snapshot) addDoubt(svm ontap.SVMRef, at time.Time) {
	if s.doubts == nil {
		s.doubts = map[ontap.SVMRef]time.Time{}
	}
	for _, key := range []ontap.SVMRef{{UUID: svm.UUID}, {Name: svm.Name}} {
		if key != (ontap.SVMRef{}) && s.doubts[key].Before(at) {
			s.doubts[key] = at
		}
	}
}

// clearDoubts ends the doubts about an SVM that are older than what is known now.
func (s *snapshot) clearDoubts(svm ontap.SVMRef, at time.Time) {
	for _, key := range []ontap.SVMRef{{UUID: svm.UUID}, {Name: svm.Name}} {
		if since, ok := s.doubts[key]; ok && since.Before(at) {
			delete(s.doubts, key)
		}
	}
}

// hasNewer reports whether what is known of the service was read or written later, by a poll too.
func (s *snapshot) hasNewer(svmUUID string, at time.Time) bool {
	return at.Before(s.began) || at.Before(s.stamps[svmUUID])
}

// noteChange has the next poll return the SVM among those whose service is another one.
func (s *snapshot) noteChange(svm ontap.SVMRef) {
	if s.changes == nil {
		s.changes = map[ontap.SVMRef]bool{}
	}
	s.changes[svm] = true
}

func (s *snapshot) stamp(svmUUID string, at time.Time) {
	if s.stamps == nil {
		s.stamps = map[string]time.Time{}
	}
	s.stamps[svmUUID] = at
}

func alike(a, b ontap.Service) bool {
	return a.SVM == b.SVM && a.Enabled == b.Enabled && a.Target == b.Target
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
