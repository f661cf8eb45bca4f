package workqueue

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// queueModel is a queue and what it is to hold: the class of each request that is wanted, at work or delayed.
type queueModel struct {
	*Queue
	dueAtMost                int
	wanted, atWork, deferred map[reconcile.Request]class
}

// want notes a request that was added, or whose delay has passed.
func (m *queueModel) want(i reconcile.Request, c class) {
	if d, ok := m.deferred[i]; ok {
		c = min(c, d)
		delete(m.deferred, i)
	}
	if w, ok := m.wanted[i]; ok {
		c = min(c, w)
	}
	m.wanted[i] = c
}

// countDue counts the requests at work that are only due.
func (m *queueModel) countDue() (n int) {
	for _, c := range m.atWork {
		if c == due {
			n++
		}
	}
	return n
}

// ready counts the requests that the queue may hand out.
func (m *queueModel) ready() (n int) {
	for i, c := range m.wanted {
		if _, busy := m.atWork[i]; !busy && (c != due || m.countDue() < m.dueAtMost) {
			n++
		}
	}
	return n
}

// get takes the next request, and checks that it is wanted with its class and that no other is more urgent.
func (m *queueModel) get(t *rapid.T) {
	got, priority, _ := m.GetWithPriority()
	c, ok := m.wanted[got]
	if _, busy := m.atWork[got]; !ok || busy || c != classOf(&priority) {
		t.Fatalf("%v was handed out with class %v; wanted are %v, at work %v", got, classOf(&priority), m.wanted, m.atWork)
	}
	for other, w := range m.wanted {
		if _, busy := m.atWork[other]; !busy && w < c {
			t.Fatalf("%v was handed out before %v", got, other)
		}
	}
	delete(m.wanted, got)
	m.atWork[got] = c
}

// getIfReady takes the next request, if there is one: the queue would wait for it.
func (m *queueModel) getIfReady(t *rapid.T) {
	if m.ready() > 0 {
		m.get(t)
	}
}

func (m *queueModel) done(i reconcile.Request) {
	if _, busy := m.atWork[i]; busy {
		m.Done(i)
		delete(m.atWork, i)
	}
}

func (m *queueModel) add(i reconcile.Request, c class) {
	m.addAs(c, 0, i)
	m.want(i, c)
}

func (m *queueModel) addLater(i reconcile.Request, c class) {
	m.addAs(c, time.Hour, i)
	if _, ok := m.wanted[i]; ok {
		m.want(i, c)
	} else if d, ok := m.deferred[i]; !ok || c < d {
		m.deferred[i] = c
	}
}

// passTime lets the delay of a request pass.
func (m *queueModel) passTime(i reconcile.Request) {
	if c, ok := m.deferred[i]; ok {
		m.arrived(i, m.delayed[i])
		m.want(i, c)
	}
}

// check compares how many requests the queue holds.
func (m *queueModel) check(t *rapid.T) {
	if m.backlog.Len() != m.ready() || len(m.delayed) != len(m.deferred) || m.backlog.dueAtWork != m.countDue() || m.countDue() > m.dueAtMost {
		t.Fatalf("%d are ready, not %d; %d wait, not %d; %d that are due are at work, not %d",
			m.backlog.Len(), m.ready(), len(m.delayed), len(m.deferred), m.backlog.dueAtWork, m.countDue())
	}
}

// drain adds what is delayed, works on all requests, and checks that the queue holds nothing then.
func (m *queueModel) drain(t *rapid.T) {
	for i := range m.deferred {
		m.Add(i)
		m.want(i, urgent)
	}
	for len(m.wanted)+len(m.atWork) > 0 {
		for i := range m.atWork {
			m.done(i)
		}
		for m.ready() > 0 {
			m.get(t)
		}
	}
	b := m.backlog
	if len(b.wanted)+len(b.atWork)+len(m.delayed)+b.dueAtWork+m.Len() != 0 {
		t.Fatalf("%+v remains", b)
	}
}

// TestTheQueueUnderAnySequenceOfCalls holds the queue against what it promises, after any sequence of calls: a request that was added is
// handed out, to one worker at a time, with the most urgent class that it was added with; what is only due never takes
// more than its share; and nothing remains of requests that are done.
func TestTheQueueUnderAnySequenceOfCalls(t *testing.T) {
	item := func(t *rapid.T) reconcile.Request {
		return request(fmt.Sprint("ns", rapid.IntRange(0, 2).Draw(t, "namespace")), rapid.IntRange(0, 6).Draw(t, "name"))
	}
	classes := rapid.SampledFrom([]class{urgent, changed, due})
	rapid.Check(t, func(t *rapid.T) {
		const dueAtMost = 2
		m := &queueModel{
			Queue: newQueue("", NewBackoff(), dueAtMost), dueAtMost: dueAtMost,
			wanted: map[reconcile.Request]class{}, atWork: map[reconcile.Request]class{}, deferred: map[reconcile.Request]class{},
		}
		defer m.ShutDown()
		t.Repeat(map[string]func(*rapid.T){
			"add":         func(t *rapid.T) { m.add(item(t), classes.Draw(t, "class")) },
			"add later":   func(t *rapid.T) { m.addLater(item(t), classes.Draw(t, "class")) },
			"time passes": func(t *rapid.T) { m.passTime(item(t)) },
			"get":         m.getIfReady,
			"done":        func(t *rapid.T) { m.done(item(t)) },
			"":            m.check,
		})
		m.drain(t)
	})
}
