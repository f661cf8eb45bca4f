package plan

func nextDeleting(s State) Step {
	o := &s.object
	switch {
	case !o.Finalizer:
		return Step{Do: Rest}
	case s.denied:
		return Step{Do: Release, Why: AccessDenied}
	case o.Observe:
		return Step{Do: Release, Why: OnlyObserved}
	case s.behind && o.Origin != None:
		return Step{Do: Release, Why: HandedOver}
	case s.behind:
		return Step{Do: Release, Why: ClaimLost}
	case o.Origin == None && !s.Unanswered():
		return Step{Do: Release, Why: NeverCreated}
	case o.Origin == None && o.Policy == Retain:
		return Step{Do: Release, Why: Unconfirmed}
	case s.failed:
		return Step{Do: Stop, Why: Failed}
	}
	switch s.refused {
	case RefusedUnsupported:
		return Step{Do: Release, Why: Unsupported}
	case RefusedForNow, RefusedForGood:
		return Step{Do: Stop, Why: Declined}
	case RefusedEnabled:
		if s.refusedAgain {
			return Step{Do: Stop, Why: Declined}
		}
	}
	if step, uncontested := nextContest(s); uncontested {
		return step
	}
	switch s.presence {
	case Present:
		return nextRemoval(s)
	case ProvedAbsent:
		if s.outstanding() {
			return Step{Do: Wait, Why: CreatePending}
		}
		return Step{Do: Release, Why: Done}
	case NotProved:
		return Step{Do: Stop, Why: SVMUnknown}
	default:
		return Step{Do: Confirm}
	}
}

// nextRemoval takes a service that was just seen off the array, or leaves it there as policy and origin say.
func nextRemoval(s State) Step {
	o := &s.object
	created := o.Origin == Created && o.Policy != Delete
	switch {
	case o.Origin == None && s.service.Target == "", created && s.service.Target == "":
		return Step{Do: Stop, Why: TargetUnknown}
	case o.Origin == None:
		return Step{Do: Bind, Origin: Created}
	case created && s.replaced():
		return Step{Do: Release, Why: TargetChanged}
	case o.deletes() && s.nextClaimant:
		return Step{Do: Wait, Why: HandingOver}
	case !o.deletes() && o.Enabled && !s.service.Enabled:
		// A deletion that was called off may have disabled it already. Nothing is disabled on the way out.
		return Step{Do: Update, Enabled: &o.Enabled}
	case !o.deletes():
		return Step{Do: Release, Why: Kept}
	case s.service.Enabled && s.uncounted():
		return Step{Do: Count}
	case s.service.Enabled && s.inUse():
		return Step{Do: Stop, Why: InUse}
	case s.service.Enabled:
		return Step{Do: Disable, Enabled: new(bool)}
	default:
		return Step{Do: Remove}
	}
}
