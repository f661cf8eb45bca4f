package fleet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

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

	// Both are told of, whoever found it out; and what had the name before goes without taking it along.
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

// world is an array, whatever happens on it, and a snapshot that follows.
type world struct {
	now    int
	truth  map[string]ontap.Service // by UUID
	lately map[string]bool          // by UUID: what the operator wrote was the last change
	snapshot
	// shown is what those who are told of changes have last seen.
	shown map[string]ontap.Service
	poll  *walk
	read  *look
	// stray is a write without an answer that has not taken effect yet.
	stray func()
}

// walk is a poll under way: what was read until now, and the name that the last page ended with.
type walk struct {
	began time.Time
	seen  []ontap.Service
	last  string
}

// look is a read of one service under way.
type look struct {
	began time.Time
	found *ontap.Service
}

func (w *world) tick() time.Time { w.now++; return moment(w.now) }

func (w *world) named() map[string]string {
	names := map[string]string{}
	for uuid, service := range w.truth {
		names[service.SVM.Name] = uuid
	}
	return names
}

// page reads the next two services in the order of their names, and reports whether there may be more.
func (w *world) page() bool {
	w.now++
	names := w.named()
	for i, name := range slices.Sorted(maps.Keys(names)) {
		if name > w.poll.last {
			for _, name := range slices.Sorted(maps.Keys(names))[i:min(i+2, len(names))] {
				w.poll.seen = append(w.poll.seen, w.truth[names[name]])
				w.poll.last = name
			}
			return true
		}
	}
	return false
}

func (w *world) finish(t *rapid.T) {
	for _, svm := range w.merge(w.poll.seen, w.poll.began) {
		delete(w.shown, svm.UUID)
		service, known := w.find(ontap.SVMRef{UUID: svm.UUID})
		if there, ok := w.truth[svm.UUID]; !known && ok {
			service = &there
			w.put(there, w.tick())
		}
		if service != nil {
			w.shown[svm.UUID] = *service
		}
	}
	t.Logf("%d: poll of %s has ended", w.now, w.poll.began.Format("5"))
	w.poll = nil
}

// TestASnapshotFollowsTheArray lets polls, reads and writes of the operator and of others happen in any order. What the
// operator wrote last is never undone, and a complete poll, while nothing happens, makes the snapshot what the array is.
func TestASnapshotFollowsTheArray(t *testing.T) {
	uuids := rapid.SampledFrom([]string{"1", "2", "3", "4"})
	rapid.Check(t, func(t *rapid.T) {
		w := &world{now: 1, truth: map[string]ontap.Service{}, lately: map[string]bool{}, shown: map[string]ontap.Service{}}
		w.merge(nil, moment(1))
		serial := 0
		// change changes the array, and returns how it takes effect, and what the operator makes of the answer.
		change := func(t *rapid.T) (uuid string, apply func(), answered func(time.Time)) {
			serial++
			uuid, alias := uuids.Draw(t, "svm"), fmt.Sprint("alias", serial)
			if service, ok := w.truth[uuid]; ok && rapid.Bool().Draw(t, "update") {
				return uuid, func() {
					if _, ok := w.truth[uuid]; ok {
						service = w.truth[uuid]
						service.Target.Alias = alias
						w.truth[uuid] = service
					}
				}, func(at time.Time) { w.change(uuid, ontap.ServiceUpdate{Alias: &alias}, at) }
			} else if ok {
				return uuid, func() { delete(w.truth, uuid) }, func(at time.Time) { w.remove(uuid, at) }
			}
			created := service("svm"+uuid, alias)
			created.SVM.UUID = uuid
			return uuid, func() {
				if _, ok := w.truth[uuid]; !ok && w.named()[created.SVM.Name] == "" {
					w.truth[uuid] = created
				}
			}, func(at time.Time) { w.put(created, at) }
		}
		t.Repeat(map[string]func(*rapid.T){
			"somebody writes": func(t *rapid.T) {
				uuid, apply, _ := change(t)
				w.now++
				apply()
				w.lately[uuid] = false
				t.Logf("%d: %s is %v", w.now, uuid, w.truth[uuid])
			},
			"somebody renames": func(t *rapid.T) {
				uuid, name := uuids.Draw(t, "svm"), rapid.SampledFrom([]string{"aaa", "svm0", "svm9", "zzz"}).Draw(t, "name")
				service, ok := w.truth[uuid]
				if !ok || w.named()[name] != "" {
					return
				}
				w.now++
				service.SVM.Name = name
				w.truth[uuid], w.lately[uuid] = service, false
			},
			"the operator writes": func(t *rapid.T) {
				uuid, apply, answered := change(t)
				before, was := w.truth[uuid]
				w.now++
				apply()
				if after, is := w.truth[uuid]; was == is && before == after {
					return // it was declined
				}
				known := w.services[uuid]
				answered(w.tick())
				w.lately[uuid] = true
				t.Logf("%d: %s was made %v, of %v", w.now, uuid, w.truth[uuid], known)
				if after := w.truth[uuid]; was && known.SVM.Name != before.SVM.Name || after.SVM.Name != w.services[uuid].SVM.Name {
					// An update does not tell what else has changed.
					w.lately[uuid] = false
				}
			},
			"the operator writes, and gets no answer": func(t *rapid.T) {
				if w.stray != nil {
					return
				}
				uuid, apply, _ := change(t)
				w.doubt(ontap.SVMRef{UUID: uuid}, w.tick())
				w.stray = func() { w.now++; w.lately[uuid] = false; apply() }
			},
			"an unanswered write takes effect": func(*rapid.T) {
				if w.stray == nil {
					return
				}
				w.stray()
				w.stray = nil
			},
			"a poll goes on": func(t *rapid.T) {
				switch {
				case w.poll == nil:
					w.poll = &walk{began: w.tick()}
				case !w.page():
					w.finish(t)
				}
			},
			"a poll fails": func(*rapid.T) { w.poll = nil },
			"a read begins": func(t *rapid.T) {
				w.read = &look{began: w.tick()}
				if service, ok := w.truth[uuids.Draw(t, "svm")]; ok {
					w.read.found = &service
				}
			},
			"a read ends": func(*rapid.T) {
				if w.read == nil || w.read.found == nil {
					return
				}
				w.put(*w.read.found, w.read.began)
				w.read = nil
			},
			"": func(t *rapid.T) {
				for uuid := range w.lately {
					if found, known := w.find(ontap.SVMRef{UUID: uuid}); known && w.lately[uuid] {
						want, ok := w.truth[uuid]
						if (found != nil) != ok || ok && *found != want {
							t.Fatalf("%d: what was written is undone: %v, not %v", w.now, found, want)
						}
					}
				}
			},
		})
		w.poll = &walk{began: w.tick()}
		for w.page() {
			continue
		}
		w.finish(t)
		if w.read != nil && w.read.found != nil {
			w.put(*w.read.found, w.read.began)
		}
		if !maps.Equal(w.services, w.truth) {
			t.Fatalf("the snapshot is\n%v\nand the array\n%v", w.services, w.truth)
		}
		if !maps.Equal(w.shown, w.truth) {
			t.Fatalf("who was told of changes has\n%v\nand the array\n%v", w.shown, w.truth)
		}
		for uuid, service := range w.truth {
			if found, known := w.find(ontap.SVMRef{Name: service.SVM.Name}); !known || found == nil || found.SVM.UUID != uuid {
				t.Fatalf("%q does not lead to %s: %v", service.SVM.Name, uuid, found)
			}
		}
		if n := len(w.doubts); n > 0 || strings.Contains(fmt.Sprint(w.names), ":]") {
			t.Fatalf("%d doubts are left, and %v", n, w.names)
		}
	})
}
