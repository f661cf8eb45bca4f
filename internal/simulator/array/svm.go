package array

import (
	"fmt"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/load"
)

// SVM is one storage virtual machine. Published values are never changed.
type SVM struct {
	UUID string
	Name string
	// State is Running unless an administrator decided otherwise.
	State          State
	ISCSIAllowed   bool
	NVMeAllowed    bool
	NVMeConfigured bool
	Service        *Service // nil: the SVM has none
	Sessions       []Session
	Metrics        Metrics
	// Duty is when the SVM served iSCSI, hence had load.
	Duty load.Duty
	// Load is the I/O that metrics show.
	Load *load.Load

	number    int // in the generated IQN
	generated int // how many IQNs were generated for the SVM so far
}

// Service is the iSCSI service of an SVM. Published values are never changed.
type Service struct {
	Enabled bool
	Target  string // an IQN
	Alias   string // empty: cleared
}

// Session is one initiator that is logged in.
type Session struct {
	Initiator   string
	PortalGroup string
	TSIH        int
	ISID        string
}

// Metrics says how well the array measures an SVM.
type Metrics struct {
	// Unavailable makes the metrics operations answer 8585947.
	Unavailable bool
	// Status is that of every sample; empty means ok.
	Status string
	// Backfilled is the share of samples, 0 to 1, that are tagged backfilled_data.
	Backfilled float64
}

// State of an SVM.
type State string

// The states of an SVM.
const (
	Starting     State = "starting"
	Running      State = "running"
	Stopping     State = "stopping"
	Stopped      State = "stopped"
	Deleting     State = "deleting"
	Initializing State = "initializing"
)

// ParseState reads a state; empty means Running.
func ParseState(text string) (State, error) {
	switch s := State(text); s {
	case "":
		return Running, nil
	case Starting, Running, Stopping, Stopped, Deleting, Initializing:
		return s, nil
	}
	return "", fmt.Errorf("%q is not a state of an SVM", text)
}

// Serving says whether initiators can use the SVM.
func (s *SVM) Serving() bool {
	return s.Service != nil && s.Service.Enabled && s.State == Running
}

// settle draws the consequences of a change: a service without a target name gets one, sessions end with what carried them ("Disabling an iSCSI service shuts
// down all active iSCSI sessions"), and load starts and stops with the service. old is nil for a new SVM. freshTarget is
// Cluster.FreshTargetNames.
func (s *SVM) settle(old *SVM, freshTarget bool, now time.Time) {
	if s.Service != nil && s.Service.Target == "" {
		service := *s.Service
		service.Target = s.generatedTarget(freshTarget)
		s.Service = &service
		s.generated++
	}
	serving := s.Serving()
	if !serving {
		s.Sessions = nil
	}
	switch {
	case old == nil:
		if serving {
			s.Duty = load.Always()
		}
	case serving && !old.Serving():
		s.Duty = s.Duty.Started(now)
	case !serving && old.Serving():
		s.Duty = s.Duty.Stopped(now)
	}
}
