package fleet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

var (
	drawUUID = rapid.SampledFrom([]string{"1", "2", "3", "4"})
	drawName = rapid.SampledFrom([]string{"aaa", "svm0", "svm9", "zzz"})
)

// world is an array with all that happens on it, and a snapshot that follows.
type world struct {
	now    int
	serial int
	truth  map[string]ontap.Service // by UUID
	lately map[string]bool          // by UUID: what the operator wrote was the last change
	snapshot
	// shown is what the objects have last seen that polls have returned changes for.
	shown map[string]ontap.Service
	poll  *walk
	read  *look
	// unanswered is a write without an answer that has not taken effect yet.
	unanswered func()
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

// write is a change of the array: how it takes effect, and what the operator makes of the answer.
type write struct {
	uuid     string
	apply    func()
	answered func(time.Time)
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

// drawWrite draws an update, a deletion or a creation.
func (w *world) drawWrite(t *rapid.T) write {
	w.serial++
	uuid, alias := drawUUID.Draw(t, "svm"), fmt.Sprint("alias", w.serial)
	if _, ok := w.truth[uuid]; ok && rapid.Bool().Draw(t, "update") {
		return w.update(uuid, alias)
	} else if ok {
		return write{uuid, func() { delete(w.truth, uuid) }, func(at time.Time) { w.remove(uuid, at) }}
	}
	return w.create(uuid, alias)
}

func (w *world) update(uuid, alias string) write {
	return write{uuid, func() {
		if service, ok := w.truth[uuid]; ok {
			service.Target.Alias = alias
			w.truth[uuid] = service
		}
	}, func(at time.Time) { w.change(uuid, ontap.ServiceUpdate{Alias: &alias}, at) }}
}

func (w *world) create(uuid, alias string) write {
	created := service("svm"+uuid, alias)
	created.SVM.UUID = uuid
	return write{uuid, func() {
		if _, ok := w.truth[uuid]; !ok && w.named()[created.SVM.Name] == "" {
			w.truth[uuid] = created
		}
	}, func(at time.Time) { w.put(created, at) }}
}

func (w *world) otherClientWrites(t *rapid.T) {
	write := w.drawWrite(t)
	w.now++
	write.apply()
	w.lately[write.uuid] = false
	t.Logf("%d: %s is %v", w.now, write.uuid, w.truth[write.uuid])
}

func (w *world) otherClientRenames(t *rapid.T) {
	uuid, name := drawUUID.Draw(t, "svm"), drawName.Draw(t, "name")
	service, ok := w.truth[uuid]
	if !ok || w.named()[name] != "" {
		return
	}
	w.now++
	service.SVM.Name = name
	w.truth[uuid], w.lately[uuid] = service, false
}

func (w *world) operatorWrites(t *rapid.T) {
	write := w.drawWrite(t)
	uuid := write.uuid
	before, was := w.truth[uuid]
	w.now++
	write.apply()
	if after, is := w.truth[uuid]; was == is && before == after {
		return // it was declined
	}
	known := w.services[uuid]
	write.answered(w.tick())
	w.lately[uuid] = true
	t.Logf("%d: %s was made %v, of %v", w.now, uuid, w.truth[uuid], known)
	if after := w.truth[uuid]; was && known.SVM.Name != before.SVM.Name || after.SVM.Name != w.services[uuid].SVM.Name {
		// The answer to an update does not show what else has changed.
		w.lately[uuid] = false
	}
}

func (w *world) operatorWritesUnanswered(t *rapid.T) {
	if w.unanswered != nil {
		return
	}
	write := w.drawWrite(t)
	w.doubt(ontap.SVMRef{UUID: write.uuid}, w.tick())
	w.unanswered = func() { w.now++; w.lately[write.uuid] = false; write.apply() }
}

func (w *world) unansweredWriteTakesEffect(*rapid.T) {
	if w.unanswered == nil {
		return
	}
	w.unanswered()
	w.unanswered = nil
}

func (w *world) pollGoesOn(t *rapid.T) {
	switch {
	case w.poll == nil:
		w.poll = &walk{began: w.tick()}
	case !w.page():
		w.finish(t)
	}
}

func (w *world) readBegins(t *rapid.T) {
	w.read = &look{began: w.tick()}
	if service, ok := w.truth[drawUUID.Draw(t, "svm")]; ok {
		w.read.found = &service
	}
}

func (w *world) readEnds(*rapid.T) {
	if w.read == nil || w.read.found == nil {
		return
	}
	w.put(*w.read.found, w.read.began)
	w.read = nil
}

// checkWritten makes sure that what the operator wrote last is not undone.
func (w *world) checkWritten(t *rapid.T) {
	for uuid := range w.lately {
		if found, known := w.find(ontap.SVMRef{UUID: uuid}); known && w.lately[uuid] {
			want, ok := w.truth[uuid]
			if (found != nil) != ok || ok && *found != want {
				t.Fatalf("%d: what was written is undone: %v, not %v", w.now, found, want)
			}
		}
	}
}

// checkSame makes sure that the snapshot is what the array is.
func (w *world) checkSame(t *rapid.T) {
	if !maps.Equal(w.services, w.truth) {
		t.Fatalf("the snapshot is\n%v\nand the array\n%v", w.services, w.truth)
	}
	if !maps.Equal(w.shown, w.truth) {
		t.Fatalf("the changes that polls returned make\n%v\nand the array is\n%v", w.shown, w.truth)
	}
	for uuid, service := range w.truth {
		if found, known := w.find(ontap.SVMRef{Name: service.SVM.Name}); !known || found == nil || found.SVM.UUID != uuid {
			t.Fatalf("%q does not lead to %s: %v", service.SVM.Name, uuid, found)
		}
	}
	if n := len(w.doubts); n > 0 || strings.Contains(fmt.Sprint(w.names), ":]") {
		t.Fatalf("%d doubts are left, and %v", n, w.names)
	}
}

// TestASnapshotFollowsTheArray lets polls, reads and writes of the operator and of others happen in any order. What the
// operator wrote last is never undone, and a complete poll, while nothing happens, makes the snapshot what the array is.
func TestASnapshotFollowsTheArray(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{now: 1, truth: map[string]ontap.Service{}, lately: map[string]bool{}, shown: map[string]ontap.Service{}}
		w.merge(nil, moment(1))
		t.Repeat(map[string]func(*rapid.T){
			"another client writes":                   w.otherClientWrites,
			"another client renames":                  w.otherClientRenames,
			"the operator writes":                     w.operatorWrites,
			"the operator writes, and gets no answer": w.operatorWritesUnanswered,
			"an unanswered write takes effect":        w.unansweredWriteTakesEffect,
			"a poll goes on":                          w.pollGoesOn,
			"a poll fails":                            func(*rapid.T) { w.poll = nil },
			"a read begins":                           w.readBegins,
			"a read ends":                             w.readEnds,
			"":                                        w.checkWritten,
		})
		w.poll = &walk{began: w.tick()}
		for w.page() {
			continue
		}
		w.finish(t)
		w.readEnds(t)
		w.checkSame(t)
	})
}
