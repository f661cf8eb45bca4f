package plan

import (
	"cmp"
	"time"
)

// request sends one request to the array.
func (m *model) request(s *state, step Step, l luck) (broken string) {
	p, f := &s.pass, s.flightOf(step)
	if broken := s.forbidden(step, f); broken != "" {
		return broken
	}
	p.fresh, p.admitted, s.declined = false, false, Rest
	if step.Do == Create {
		m.change(s, "Sending", (*State).Sending)
	}
	if l == replyLost || l == diedWaiting {
		if step.Do == Create {
			s.post = f
		} else {
			s.change = f
		}
		if l == diedWaiting {
			s.crash()
			return ""
		}
		s.decline(step)
		p.unreached = true
		m.change(s, "AnswerLost", func(to *State) { to.AnswerLost(step, errModel, time.Minute, now) })
		return ""
	}
	refusal := s.apply(f)
	s.polled = s.svc.view
	if refusal != NotRefused {
		s.decline(step)
		m.change(s, "Refused", func(to *State) { to.Refused(step, No{refusal, s.gone, errModel, time.Minute}, now) })
		if f.byName && s.renamed {
			m.change(s, "Renamed", (*State).Renamed)
		}
		return ""
	}
	if step.Do == Create {
		s.raced = false
	}
	m.change(s, "Accepted", func(to *State) { to.Accepted(step, s.service(s.svc.view), s.allowed(), now) })
	if step.Do != Remove {
		s.shown()
	}
	return ""
}

// decline keeps book of an update that is not to be repeated at once.
func (s *state) decline(step Step) {
	if step.Do == Update && !s.pass.object.Deleting && !s.raced && !s.pass.outdated && !s.pass.overtaken {
		s.declined = Update
	}
}

// flightOf is what is sent for a step.
func (s *state) flightOf(step Step) flight {
	obj, f := &s.pass.object, flight{do: step.Do}
	switch {
	case step.Do == Create:
		f.byName = obj.Bound == SVM{}
		f.enabled, f.setsEnabled = obj.Enabled, true
		f.alias = defaultAlias
		if obj.Alias != nil && *obj.Alias != "" {
			f.alias = *obj.Alias
		}
	case step.Enabled != nil:
		f.enabled, f.setsEnabled = *step.Enabled, true
	}
	if step.Alias != nil {
		f.alias, f.setsAlias = *step.Alias, true
	}
	return f
}

// take is what an update changes.
func (v *view) take(f flight) {
	if f.setsEnabled {
		v.enabled = f.enabled
	}
	if f.setsAlias {
		v.alias = f.alias
	}
}

// apply is what the array does with a request.
func (s *state) apply(f flight) Refusal {
	switch {
	case (s.gone || s.renamed && f.byName) && f.do == Create, s.refusing == RefusedForGood, s.refusing == RefusedForNow:
		return max(s.refusing, RefusedForNow)
	case s.refusing == RefusedUnsupported && (f.do == Create || f.do == Remove):
		return RefusedUnsupported
	case f.do == Create && s.svc.present:
		return RefusedExists
	case f.do == Create:
		s.svc = service{view: view{present: true, enabled: f.enabled, target: createdTarget, alias: f.alias}, foreign: f.foreign, left: f.forfeited}
		s.svc.mistakable = f.foreign && s.confusing(createdTarget)
	case !s.svc.present:
		return RefusedNoService
	case f.do == Remove && s.svc.enabled:
		return RefusedEnabled
	case f.do == Remove:
		s.svc = service{}
	default:
		s.svc.take(f)
		s.svc.stopped = f.do == Disable || s.svc.stopped && !f.setsEnabled
	}
	return NotRefused
}

// forbidden names the rule that a request breaks. What has changed since the operator last read it does not count:
// ONTAP knows no conditional requests.
func (s *state) forbidden(step Step, f flight) (broken string) {
	broken = cmp.Or(s.hindered(step.Do), s.unassured(step.Do))
	switch {
	case broken != "":
		return broken
	case step.Do == Create:
		return s.secondCreate()
	}
	return s.harmful(step.Do, f)
}

// hindered tells where nothing may be sent, as far as other objects and the rules of access go.
func (s *state) hindered(do Do) (broken string) {
	p, obj := &s.pass, &s.pass.object
	switch {
	case p.deniedFirst || p.State.denied || p.State.behind || obj.Observe || obj.Paused || p.pausedFirst:
		return untouchable
	case p.robs && do != Create: // which the array declines then
		return "a request is sent to a service that another object holds"
	case !p.asked:
		return "a request is sent without asking which object has the service"
	case obj.Deleting && !p.askedAgain:
		return "a service is taken away without asking again which object has it"
	case do == Create && p.toldGone:
		return "a create request is sent for an SVM that does not exist"
	case p.tookOver:
		return "a request is sent before a takeover is recorded"
	}
	return ""
}

// unassured tells what a request should have been made sure of.
func (s *state) unassured(do Do) (broken string) {
	p, obj := &s.pass, &s.pass.object
	switch {
	case p.late:
		return "a request rests on what was seen long ago"
	case !p.admitted:
		return "a request rests on access that was not checked again"
	case p.notAllowed && do != Create:
		return "a request is sent to an SVM that the namespace may not use"
	case do == s.declined && !obj.Requested:
		return "a refused request is repeated at once"
	case !p.fresh, !p.overtaken && (obj.Spec != s.obj.Spec || obj.Metadata != s.obj.Metadata):
		return "a request rests on an old copy of the object"
	case obj.Deleting && !obj.Finalizer:
		return "a request is sent for an object without the finalizer"
	}
	return ""
}

// secondCreate names the rule that a create request breaks.
func (s *state) secondCreate() (broken string) {
	p := &s.pass
	switch {
	case p.object.Deleting:
		return "a service is created for an object that is being deleted"
	case p.svmChanged || s.post.pending() || s.beside.post.pending():
		return "a create request is sent while an earlier one may still take effect"
	case !(s.obj.Finalizer && s.obj.Creating) && !p.overtaken:
		return "a create request is sent without the markers"
	}
	return ""
}

// harmful names the rule that an update or a deletion breaks.
func (s *state) harmful(do Do, f flight) (broken string) {
	p, obj := &s.pass, &s.pass.object
	seen, isThere := p.Service()
	cutsOff := seen.Enabled && f.setsEnabled && !f.enabled
	strange := !s.raced && s.svc.present && s.svc.foreign && !s.svc.mistakable
	switch {
	case p.mistaken:
		return "a request is sent to a service that is wrongly taken for a created one"
	case obj.Origin == None:
		return "a request is sent to a service that is neither created nor adopted"
	case cutsOff && obj.SessionGuard && (!p.counted || p.busy):
		return "a service is disabled that may be in use"
	case do == Update && obj.Origin == Created && strange && !p.outdated && s.svc.target != obj.CreatedTarget:
		return "a request is sent to a service of another owner"
	case do != Update && !p.lookedLive:
		return "a deletion rests on a snapshot"
	case do == Remove && (!isThere || seen.Enabled):
		return "DELETE is sent though the service was not seen disabled"
	case do != Update && (obj.Policy == Retain || obj.Policy == Auto && strange):
		return "a service is taken away that the operator did not make"
	}
	return ""
}

// pending reports whether a create request of this object may still take effect.
func (f *flight) pending() bool { return f.do != Rest && !f.foreign && !f.forfeited }

// confusing reports whether a service of another client that comes now with that target is one of those that cannot be
// told apart.
func (s *state) confusing(target string) bool {
	p := &s.pass
	switch {
	case s.doubt, s.obj.Origin == Created && s.obj.CreatedTarget == target:
		return true
	case !p.active:
		return false
	case p.presence == Present:
		return p.State.service.Target == target
	case p.presence == ProvedAbsent:
		return true
	}
	return p.object.Origin == Created && p.object.CreatedTarget == target
}
