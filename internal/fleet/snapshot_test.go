package fleet

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// moment is a point on the clock of a test.
func moment(n int) time.Time { return time.Unix(0, 0).Add(time.Duration(n) * time.Second) }

func service(svm, alias string) ontap.Service {
	return ontap.Service{
		SVM: ontap.SVMRef{UUID: "uuid-of-" + svm, Name: svm}, Enabled: true,
		Target: ontap.Target{Name: "iqn." + svm, Alias: alias},
	}
}

// aliasIn is the alias that the snapshot has of a service: "none" without the service, "unknown" if the snapshot cannot
// tell.
func aliasIn(s *snapshot, svm ontap.SVMRef) string {
	switch service, known := s.find(svm); {
	case !known:
		return "unknown"
	case service == nil:
		return "none"
	default:
		return service.Target.Alias
	}
}

func TestASnapshotIsAsYoungAsWhatItWasMadeOf(t *testing.T) {
	byUUID, byName := ontap.SVMRef{UUID: "uuid-of-a"}, ontap.SVMRef{Name: "a"}
	for _, c := range []struct {
		name string
		do   func(*snapshot)
		want string
	}{
		{"nothing is known before the first poll", func(*snapshot) {}, "unknown"},
		{"what a poll has not seen is not there", func(s *snapshot) {
			s.merge(nil, moment(1))
		}, "none"},
		{"a poll that began before a write does not undo it", func(s *snapshot) {
			s.merge([]ontap.Service{service("a", "old")}, moment(1))
			s.put(service("a", "new"), moment(3))
			s.merge([]ontap.Service{service("a", "old")}, moment(2))
		}, "new"},
		{"a poll that began before a deletion does not undo it", func(s *snapshot) {
			s.merge([]ontap.Service{service("a", "old")}, moment(1))
			s.remove("uuid-of-a", moment(3))
			s.merge([]ontap.Service{service("a", "old")}, moment(2))
		}, "none"},
		{"a poll that began before a creation does not undo it", func(s *snapshot) {
			s.merge(nil, moment(1))
			s.put(service("a", "new"), moment(3))
			s.merge(nil, moment(2))
		}, "new"},
		{"a poll that began after a write has the last word", func(s *snapshot) {
			s.merge(nil, moment(1))
			s.put(service("a", "old"), moment(2))
			s.merge([]ontap.Service{service("a", "new")}, moment(3))
		}, "new"},
		{"a read that began before a write does not undo it, not even when a poll has come in between", func(s *snapshot) {
			s.merge(nil, moment(1))
			s.put(service("a", "new"), moment(3))
			s.merge([]ontap.Service{service("a", "new")}, moment(4))
			s.put(service("a", "old"), moment(2))
		}, "new"},
		{"nor does a proof of absence that is as old", func(s *snapshot) {
			s.merge(nil, moment(1))
			s.put(service("a", "new"), moment(3))
			s.merge([]ontap.Service{service("a", "new")}, moment(4))
			s.remove("uuid-of-a", moment(2))
		}, "new"},
		{"an update shows", func(s *snapshot) {
			s.merge([]ontap.Service{service("a", "old")}, moment(1))
			s.change("uuid-of-a", ontap.ServiceUpdate{Alias: new("new")}, moment(2))
		}, "new"},
		{"a poll cannot tell what an update before it made of a service that was not known", func(s *snapshot) {
			s.merge(nil, moment(1))
			s.change("uuid-of-a", ontap.ServiceUpdate{Alias: new("new")}, moment(3))
			s.merge([]ontap.Service{service("a", "old")}, moment(2))
		}, "unknown"},
		{"an unanswered write leaves it open", func(s *snapshot) {
			s.merge([]ontap.Service{service("a", "old")}, moment(1))
			s.doubt(byUUID, moment(3))
			s.merge([]ontap.Service{service("a", "old")}, moment(2))
			s.put(service("a", "old"), moment(2))
		}, "unknown"},
		{"a read that began later settles it", func(s *snapshot) {
			s.merge(nil, moment(1))
			s.doubt(byName, moment(2))
			s.put(service("a", "new"), moment(3))
		}, "new"},
		{"a proof of absence that began later settles it", func(s *snapshot) {
			s.merge([]ontap.Service{service("a", "old")}, moment(1))
			s.doubt(byUUID, moment(2))
			s.remove("uuid-of-a", moment(3))
		}, "none"},
		{"a poll that began later settles it", func(s *snapshot) {
			s.merge(nil, moment(1))
			s.doubt(byName, moment(2))
			s.merge(nil, moment(3))
		}, "none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			var s snapshot
			c.do(&s)
			g.Expect(aliasIn(&s, byName)).To(Equal(c.want))
			g.Expect(aliasIn(&s, byUUID)).To(Equal(c.want))
		})
	}
}

func TestANameLeadsToTheSVMThatHasItNow(t *testing.T) {
	g := NewWithT(t)
	var s snapshot
	s.merge([]ontap.Service{service("a", "one")}, moment(1))
	renamed := service("a", "one")
	renamed.SVM.Name = "b"
	g.Expect(s.merge([]ontap.Service{renamed}, moment(2))).To(ConsistOf(
		ontap.SVMRef{UUID: "uuid-of-a", Name: "a"}, ontap.SVMRef{UUID: "uuid-of-a", Name: "b"}))
	g.Expect(aliasIn(&s, ontap.SVMRef{Name: "a"})).To(Equal("none"))
	g.Expect(aliasIn(&s, ontap.SVMRef{Name: "b"})).To(Equal("one"))

	// Another SVM gets the name that is free.
	reused := ontap.Service{SVM: ontap.SVMRef{UUID: "another", Name: "a"}, Target: ontap.Target{Alias: "two"}}
	s.put(reused, moment(3))
	g.Expect(aliasIn(&s, ontap.SVMRef{Name: "a"})).To(Equal("two"))
	g.Expect(aliasIn(&s, ontap.SVMRef{UUID: "uuid-of-a"})).To(Equal("one"))

	// A poll returns both names, no matter which read found the change; and the removal of the former one keeps the name.
	g.Expect(s.merge([]ontap.Service{renamed, reused}, moment(4))).To(ConsistOf(reused.SVM))
	again := renamed
	again.SVM.Name = "c"
	s.put(again, moment(5))
	g.Expect(s.merge([]ontap.Service{again, reused}, moment(6))).To(ConsistOf(renamed.SVM, again.SVM))
	late := service("a", "three")
	s.put(late, moment(7))
	s.put(reused, moment(8))
	s.remove("uuid-of-a", moment(9))
	g.Expect(aliasIn(&s, ontap.SVMRef{Name: "a"})).To(Equal("two"))

	// Two SVMs swap names between two pages: whose the name is takes a look.
	s.merge([]ontap.Service{renamed, {SVM: ontap.SVMRef{UUID: "another", Name: "b"}}}, moment(10))
	g.Expect(aliasIn(&s, ontap.SVMRef{Name: "b"})).To(Equal("unknown"))
	g.Expect(aliasIn(&s, ontap.SVMRef{UUID: "uuid-of-a"})).To(Equal("one"))
}

func TestAPollTellsWhatWasWrittenSinceTheLastOne(t *testing.T) {
	g := NewWithT(t)
	var s snapshot
	s.merge([]ontap.Service{service("a", "one"), service("b", "one")}, moment(1))
	s.change("uuid-of-a", ontap.ServiceUpdate{Alias: new("two")}, moment(2))
	polled := []ontap.Service{service("a", "two"), service("b", "one")}
	g.Expect(s.merge(polled, moment(3))).To(ConsistOf(ontap.SVMRef{UUID: "uuid-of-a", Name: "a"}),
		"other objects show this service, too")
	s.put(service("b", "one"), moment(4))
	g.Expect(s.merge(polled, moment(5))).To(BeEmpty())
	polled[0].Metric = &ontap.Metric{}
	g.Expect(s.merge(polled, moment(6))).To(BeEmpty(), "performance data are no change")
}

func TestPerformanceDataIsKeptUntilTheTargetIsAnotherOne(t *testing.T) {
	g := NewWithT(t)
	sampled := service("a", "one")
	sampled.Metric = &ontap.Metric{Status: "ok"}
	for name, another := range map[string]func(*snapshot, ontap.Service){
		"a read": func(s *snapshot, read ontap.Service) { s.put(read, moment(2)) },
		"a poll without it": func(s *snapshot, read ontap.Service) {
			polled := []ontap.Service{read}
			s.keepSamples(polled)
			s.merge(polled, moment(2))
		},
		"a poll with it that began before a write": func(s *snapshot, read ontap.Service) {
			s.put(read, moment(3))
			s.merge([]ontap.Service{sampled}, moment(2))
		},
	} {
		read, recreated := service("a", "two"), service("a", "two")
		recreated.Target.Name = "iqn.another"
		for _, service := range []ontap.Service{read, recreated} {
			var s snapshot
			s.merge([]ontap.Service{sampled}, moment(1))
			another(&s, service)
			found, _ := s.find(ontap.SVMRef{Name: "a"})
			g.Expect(found.Target).To(Equal(service.Target), name)
			g.Expect(found.Metric != nil).To(Equal(service.Target.Name == "iqn.a"), name)
		}
	}
}
