package plan

import (
	"errors"
	"time"
)

// This is a model of the world that a plan works in: the array, the API server with a cache that lags, the process that the
// operator is, and other users of both. Of the operator it has nothing: what the operator knows, and what becomes of that, is
// the State and the Memory of this package, which change by their own transitions.

const (
	// createdTarget is what the array calls a service that the operator creates.
	createdTarget = "iqn.1992-08.com.netapp:sn.created:vs.4"
	otherTarget   = "iqn.1992-08.com.netapp:sn.other:vs.9"
	// defaultAlias is what the array makes of no alias, and oneAlias one that a user asks for.
	defaultAlias, oneAlias, noAlias = "svm", "one", ""
)

// aliases are how an object asks for one.
var aliases = []*string{nil, new(oneAlias), new(noAlias)}

// now is what the clock shows. Time passes by what is remembered growing older.
var now = time.Unix(1_000_000, 0).UTC()

var errModel = errors.New("the model's array refuses or does not answer")

// There are two SVMs. The index is that of state.at.
var svms = [...]SVM{{Name: "svm0", UUID: "uuid0"}, {Name: "svm1", UUID: "uuid1"}}

// byName is how an object names an SVM, and renamedTo what it is called after others have renamed it.
func byName(at int8) SVM { return SVM{Name: svms[at].Name} }

const renamedTo = "renamed"

// svm is what there is to one SVM.
type svm struct {
	svc service
	// polled is the service in an old collection.
	polled view
	// renamed: the SVM has a name that the object does not know, and that its namespace may not use.
	gone, renamed bool
	// inUse: initiators are logged in.
	inUse        bool
	post, change flight
	// raced: the service has changed since the pass looked, which the operator could not know.
	raced bool
	// doubt: the markers are on, and no pass has ended since that knew what became of the create request.
	doubt bool
}

// object is what the API server has.
type object struct {
	Object
	gone bool
}

// view is what can be seen of a service.
type view struct {
	present, enabled bool
	target, alias    string
}

// service is what the array has. All but the view is known to the model only.
type service struct {
	view
	// foreign: no create request of this object made it.
	foreign bool
	// mistakable: it cannot be told from what this object made, as docs/security.md says. It came while the answer to a
	// create request was not recorded and the last look had not shown it, or with the same target between two looks.
	mistakable bool
	// stopped: disabled on the way to a deletion.
	stopped bool
	// left: it is known of, and needs no finalizer.
	left bool
}

// flight is a request whose answer was lost, and which may be applied yet.
type flight struct {
	do Do
	// enabled is what is sent, if it is sent at all, and alias too.
	enabled, setsEnabled bool
	alias                string
	setsAlias            bool
	// byName: the SVM is named, and may not have that name when the request is applied.
	byName bool
	// foreign: the object that it was sent for is not there any more. Forfeited: a user has taken the only record of it off.
	foreign, forfeited bool
}

// pass is the pass under way.
type pass struct {
	active bool
	// ending: the plan came to rest; what is left to do is to write status. Last is the step that it came to rest with.
	ending bool
	do     Do
	why    Why
	State
	// connected: the array was to be asked.
	connected bool
	// recorded is the status that the API server is known to have.
	recorded Status
	// fresh: the object was read from or written to the API server since the array was last asked something.
	fresh bool
	// overtaken: the API server has another object than the pass knows of.
	overtaken bool
	// deniedFirst and pausedFirst are what the rules of access and the ONTAPCluster said when the pass began.
	deniedFirst, pausedFirst bool
	// outdated: an old collection was shown.
	outdated bool
	// mistaken: a service that the object did not make is taken for a created one. An old copy of the object may say so, until
	// it is relied on.
	mistaken bool
	// robs: another object had the service when this one last asked.
	robs bool
	// notAllowed and busy are what the array told last: that the namespace may not use the SVM, and that it is in use.
	notAllowed, busy bool
	// late: the turn of a request took long, and the service was not looked at since; admitted: access was checked since the
	// array was last asked something.
	late, admitted bool
	// lookedLive: what was seen last is not from a snapshot.
	lookedLive bool
	// counted: the sessions of the service that was seen last; asked: other objects were asked for since the last look; toldGone: the
	// SVM does not exist.
	counted, asked, toldGone bool
	// askedAgain: other objects were asked for since this one was read again.
	askedAgain bool
	// tookOver: the object takes a service over, and status does not tell yet.
	tookOver bool
	// unreached: the array has not answered.
	unreached bool
	// formerGeneration is that of another object which could not claim the service when this one last asked.
	formerGeneration int64
	// handedOver: another object had recorded that it has the service when this one last asked.
	handedOver bool
}

// state is all there is.
type state struct {
	obj object
	// cached is the copy of the object that a lagging cache still serves.
	cached object
	// The SVM that the last pass was about, the one at that index; and the one beside it.
	svm
	beside svm
	memory Memory
	pass   pass
	around
}

// around is what there is around object and service.
type around struct {
	at int8
	// denied: no rule lets the namespace use the SVMs; frozen: the ONTAPCluster is paused.
	refusing                                        Refusal
	denied, frozen, behind, takesOver, nextClaimant bool
	// superseded: another pass has ended the origin of the object while this one is under way.
	superseded bool
	// unmarked: a user has taken the markers off, and answers for what is left behind by that.
	unmarked bool
	// declined is what the array refused for good, or for some time, and which nothing has changed about since.
	declined Do
	// left is how many more times the environment may interfere.
	left int8
}

// packed is a state whose large values are numbers: many states share them.
type packed struct {
	obj, cached, svm, beside, memory, pass, known, remembered int32
	around
}

// pool has the large values by number.
type pool struct {
	objects  set[object]
	svms     set[svm]
	memories set[Memory]
	passes   set[pass]
}

func newPool() *pool {
	return &pool{newSet[object](), newSet[svm](), newSet[Memory](), newSet[pass]()}
}

func (x *pool) pack(s *state) packed {
	p := s.pass
	known, remembered := object{Object: p.object}, p.State.memory
	p.object, p.State.memory = Object{}, Memory{}
	return packed{
		obj: x.objects.number(&s.obj), cached: x.objects.number(&s.cached), svm: x.svms.number(&s.svm), beside: x.svms.number(&s.beside),
		memory: x.memories.number(&s.memory), pass: x.passes.number(&p), known: x.objects.number(&known),
		remembered: x.memories.number(&remembered), around: s.around,
	}
}

func (x *pool) unpack(p packed) state {
	s := state{
		obj: x.objects.all[p.obj], cached: x.objects.all[p.cached], svm: x.svms.all[p.svm], beside: x.svms.all[p.beside],
		memory: x.memories.all[p.memory], pass: x.passes.all[p.pass], around: p.around,
	}
	s.pass.object, s.pass.State.memory = x.objects.all[p.known].Object, x.memories.all[p.remembered]
	return s
}
