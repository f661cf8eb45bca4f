package iscsiservice

// eventually tells what this pass found out, once that is written down: a pass that has to be done again finds it out
// again.
func (p *pass) eventually(eventType, reason, action, note string, args ...any) {
	p.journal.acted = true
	p.journal.events = append(p.journal.events, func() { p.event(eventType, reason, action, note, args...) })
}

// event tells what this pass did, at once.
func (p *pass) event(eventType, reason, action, note string, args ...any) {
	p.journal.acted = true
	p.r.Events.Eventf(p.obj(), nil, eventType, reason, action, note, args...)
}
