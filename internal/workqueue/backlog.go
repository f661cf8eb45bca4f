package workqueue

import (
	"sync"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ontap-operator/ontap-san-operator/internal/fairqueue"
)

// backlog has the requests that are to be handed out.
type backlog struct {
	dueAtMost int

	mu sync.Mutex
	// line has the requests that can be handed out, and wanted all that are to be: those in line, and those that were
	// added again while they were at work, which join the line then.
	line   fairqueue.Queue[reconcile.Request]
	wanted map[reconcile.Request]want
	// atWork has the requests that were handed out, with their class, and dueAtWork is how many of them are only due.
	atWork    map[reconcile.Request]class
	dueAtWork int
}

var _ workqueue.Queue[reconcile.Request] = &backlog{}

// want is how a request is wanted.
type want struct {
	class class
	// woken: it has waited for a slot of its array, which is kept for it.
	woken bool
}

// rank is where in line the request is.
func (w want) rank() int {
	if w.woken {
		return 0
	}
	return 1 + int(w.class)
}

// lastRank is the rank of what is only due.
var lastRank = want{class: due}.rank()

// want notes how a request is wanted that is about to be added.
func (b *backlog) want(item reconcile.Request, w want) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if before, ok := b.wanted[item]; ok {
		w = want{class: min(w.class, before.class), woken: w.woken || before.woken}
	}
	b.wanted[item] = w
}

// wants reports whether a request is to be handed out anyway.
func (b *backlog) wants(item reconcile.Request) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.wanted[item]
	return ok
}

// Push puts a request in line. One that was handed out since it was wanted, and is added all the same, is urgent.
func (b *backlog) Push(item reconcile.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.wanted[item]
	b.wanted[item] = w
	b.line.Push(item, item.Namespace, w.rank())
}

// Touch moves a request up the line if it is more urgent by now.
func (b *backlog) Touch(item reconcile.Request) { b.Push(item) }

// Len is how many requests can be handed out now.
func (b *backlog) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.line.Len(b.last())
}

// Pop hands out a request.
func (b *backlog) Pop() reconcile.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	item, _ := b.line.Pop(b.last())
	class := b.wanted[item].class
	delete(b.wanted, item)
	b.atWork[item] = class
	if class == due {
		b.dueAtWork++
	}
	return item
}

// last is the last rank that may be handed out.
func (b *backlog) last() int {
	if b.dueAtWork < b.dueAtMost {
		return lastRank
	}
	return lastRank - 1
}

func (b *backlog) done(item reconcile.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.atWork[item] == due {
		b.dueAtWork--
	}
	delete(b.atWork, item)
}

func (b *backlog) classAtWork(item reconcile.Request) class {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.atWork[item]
}

func (b *backlog) all() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.line.Len(lastRank)
}
