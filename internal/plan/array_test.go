package plan

// write sends one request to the array, on the strength of an object that is up to date.
func (s *state) write(f flight, l luck) (broken string) {
	p := &s.pass
	known := p.barred == s.denied && !s.frozen
	switch changed, ok := s.refresh(); {
	case !ok || !known:
		s.pass = pass{}
		return ""
	case changed:
		return ""
	}
	if broken := s.forbidden(f); broken != "" {
		return broken
	}
	p.fresh = false
	create := Do(f.do) == Create
	if create {
		s.process.post, s.process.absence = postUnanswered, notProved
	}
	if l == replyLost || l == diedWaiting {
		if create {
			s.post = f
		} else {
			s.change = f
		}
		if l == diedWaiting {
			s.crash()
			return ""
		}
		p.ending, p.last, p.refused = true, int8(Stop), int8(RefusedOtherwise)
		return ""
	}
	refusal := s.apply(f)
	s.polled = s.svc.view
	if refusal != NotRefused {
		s.refuse(refusal, create)
		return ""
	}
	switch Do(f.do) {
	case Create:
		s.raced = false
		s.saw(s.svc.view)
		if !p.denied {
			return s.acquire(Created)
		}
	case Remove:
		s.sawNothing(false)
	default:
		p.seen.take(f)
		s.saw(p.seen)
	}
	return ""
}

// take is what an update changes.
func (v *view) take(f flight) {
	if f.switches {
		v.enabled = f.enabled
	}
	if f.alias != svmAlias {
		v.alias = f.alias
	}
}

func (s *state) refuse(refusal Refusal, create bool) {
	p := &s.pass
	p.again = p.refused != int8(NotRefused)
	p.refused, p.presence = int8(refusal), int8(Unknown)
	if create {
		s.process.post, p.createNoted = postSettled, true
	}
	if refusal == RefusedNoService {
		s.sawNothing(s.svmGone)
	}
}

// apply is what the array does with a request.
func (s *state) apply(f flight) Refusal {
	do := Do(f.do)
	switch {
	case (s.svmGone || s.renamed && f.byName) && do == Create, Refusal(s.refusing) == RefusedOtherwise:
		return RefusedOtherwise
	case Refusal(s.refusing) == RefusedUnsupported && (do == Create || do == Remove):
		return RefusedUnsupported
	case do == Create && s.svc.present:
		return RefusedExists
	case do == Create:
		s.svc = service{view: view{present: true, enabled: f.enabled, target: madeTarget, alias: f.alias}, foreign: f.foreign}
		s.svc.mistakable = f.foreign && s.confusing(madeTarget)
	case !s.svc.present:
		return RefusedNoService
	case do == Remove && s.svc.enabled:
		return RefusedEnabled
	case do == Remove:
		s.svc = service{}
	default:
		s.svc.take(f)
		s.svc.stopped = do == Disable || s.svc.stopped && !f.switches
	}
	return NotRefused
}

// forbidden names the rule that a request breaks. What has changed since the operator last read it does not count:
// ONTAP knows no conditional writes.
func (s *state) forbidden(f flight) (broken string) {
	p, do := &s.pass, Do(f.do)
	looked := !s.raced && s.svc.present
	cutsOff := p.seen.enabled && f.switches && !f.enabled && do != Create
	strange := looked && s.svc.foreign && !s.svc.mistakable
	switch origin, policy := Origin(p.obj.origin), Policy(p.obj.policy); {
	case p.denied || p.yields || p.obj.observe || p.obj.paused || p.frozen:
		return "a write is sent where nothing may be touched"
	case p.robs && do != Create: // which the array declines then
		return "a write is sent to a service that another object holds"
	case p.obj.deleting && !p.obj.finalizer:
		return "a write is sent for an object without the finalizer"
	case do == Create && p.obj.deleting:
		return "a service is created for an object that is being deleted"
	case do == Create && (p.strayed || s.post.pending() || s.beside.post.pending()):
		return "a create request is sent while an earlier one may still take effect"
	case do == Create:
		return ""
	case p.mistaken:
		return "a write is sent to a service of somebody else that is taken for a created one"
	case origin == None:
		return "a write is sent to a service that is neither created nor adopted"
	case cutsOff && p.obj.guarded && (!p.counted || p.inUse):
		return "a service is disabled that may be in use"
	case do == Update && origin == Created && strange && !p.outdated && s.svc.target != p.obj.target:
		return "a write is sent to a service of somebody else"
	case do == Remove && (Presence(p.presence) != Present || p.seen.enabled):
		return "DELETE is sent though the service was not seen disabled"
	case do != Update && (policy == Retain || policy == Auto && strange):
		return "a service is taken away that the operator did not make"
	}
	return ""
}

// pending reports whether a create request of this object may still take effect.
func (f *flight) pending() bool { return f.do != 0 && !f.foreign }

// confusing reports whether a service of somebody else that comes now with that target is one of those that cannot be
// told apart.
func (s *state) confusing(target int8) bool {
	p := &s.pass
	switch {
	case s.doubt, Origin(s.obj.origin) == Created && s.obj.target == target:
		return true
	case !p.active:
		return false
	case Presence(p.presence) == Present:
		return p.seen.target == target
	case Presence(p.presence) == Absent:
		return true
	}
	return Origin(p.obj.origin) == Created && p.obj.target == target
}
