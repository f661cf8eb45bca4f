package plan

// This is a model of everything that the plan deals with: the array, the API server, the process that the operator is,
// and one pass of it, small enough to be compared and counted. A pass does with each step what internal/controller does,
// and persists in the same order: marks before the create request, the rest of status when the pass ends or forgets.

const (
	noTarget int8 = iota
	// madeTarget is what the array calls a service that the operator creates.
	madeTarget
	strangeTarget
)

const (
	// svmAlias is what the array makes of no alias.
	svmAlias int8 = iota
	oneAlias
	clearedAlias
)

// shown is how the array shows an alias, and aliases is how an object asks for it.
var (
	shown   = [...]string{"svm", "one", ""}
	aliases = [...]*string{nil, &shown[oneAlias], &shown[clearedAlias]}
)

// status is what the API server keeps of the status.
type status struct {
	origin, target int8
	// bound: the SVM is known by its UUID, and is that of svm.
	bound bool
	svm   int8
}

// svm is what there is to one SVM.
type svm struct {
	svc service
	// polled is the service in an old collection.
	polled view
	// renamed: the SVM has a name that the object does not know, and that its namespace may not use.
	svmGone, renamed bool
	// inUse: initiators are logged in.
	inUse        bool
	post, change flight
	// raced: the service has changed since the pass looked, which nobody could know.
	raced bool
	// doubt: the marks are on, and no pass has ended since that knew what became of the create request.
	doubt bool
}

// object is what the API server has.
type object struct {
	status
	gone, deleting, enabled, observe bool
	// guarded: not to be disabled while it is in use.
	guarded bool
	policy  int8
	// paused: the annotation is on.
	paused    bool
	alias     int8
	finalizer bool
	// creating: the annotation carries the object's own UID, and speaks of the SVM of creatingOn.
	creating   bool
	creatingOn int8
	// names is the SVM of the spec.
	names int8
}

// view is what can be seen of a service.
type view struct {
	present, enabled bool
	target, alias    int8
}

// service is what the array has. All but the view is known to nobody but the model.
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

// flight is a write whose answer was lost, and which may be applied yet.
type flight struct {
	do int8
	// enabled is what is sent, if it is sent at all, and alias too.
	enabled, switches bool
	alias             int8
	// byName: the SVM is named, and may not have that name when the write is applied.
	byName bool
	// foreign: the object that it was sent for is not there any more.
	foreign bool
}

// The postStates of internal/controller/iscsiservice.
const (
	postUnknown int8 = iota
	postUnsent
	postUnanswered
	postSettled
)

// Ages of the first proof of absence.
const (
	notProved int8 = iota
	justProved
	provedLongAgo
)

// process is what is lost when the operator crashes.
type process struct {
	post, absence int8
	hold          bool
}

// pass is the pass under way.
type pass struct {
	active bool
	// ending: the plan came to rest, or the array cannot be reached; what is left to do is to write status.
	ending bool
	// obj is the object as the pass leaves it, and stored the status that it began with.
	obj    object
	stored status
	// live: what other objects claim is asked of the API server.
	live bool
	// reserved: no other pass may take the service on meanwhile.
	reserved bool
	// behind: the API server has another object than the pass knows of.
	behind, fresh                        bool
	denied, yields, takesOver, successor bool
	// barred and frozen are what the rules of access and the ONTAPCluster said when the pass began.
	barred, frozen bool
	// strayed: the pass is about the SVM that an unanswered create request was sent for, and not that of the spec.
	strayed               bool
	resolved              bool
	counted, inUse        bool
	seen                  view
	presence, refused     int8
	svmGone, again        bool
	outdated, createNoted bool
	// mistaken: a service of somebody else is taken for a created one. An old copy of the object may say so, until it is
	// relied on.
	mistaken bool
	// robs: another object had the service when this one last asked.
	robs bool
	// last step and why, once ending.
	last, why int8
}

// state is all there is. It is comparable, so that one that was met before is not explored again.
type state struct {
	obj object
	// cached is the copy of the object that a lagging cache still serves.
	cached object
	// The SVM that the last pass was about, the one at that index; and the one beside it.
	svm
	at     int8
	beside svm
	// denied: no rule lets the namespace use the SVMs; frozen: the ONTAPCluster is paused.
	refusing                                     int8
	denied, frozen, yields, takesOver, successor bool
	process                                      process
	pass                                         pass
	// left is how many more times the environment may interfere.
	left int8
}
