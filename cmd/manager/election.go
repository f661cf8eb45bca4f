package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/ontap-operator/ontap-san-operator/internal/controller/iscsiservice"
	"github.com/ontap-operator/ontap-san-operator/internal/lease"
)

const leaderElectionID = "ontap-san-operator"

// shutdownTimeout is what the work under way may take after SIGTERM, before the lease is released: a change of the array
// and the writes to the API server that tell of it. The Deployment's grace period is longer.
const shutdownTimeout = 45 * time.Second

// election are the flags of the leader election.
type election struct {
	on                                        bool
	leaseDuration, renewDeadline, retryPeriod time.Duration
}

func (e *election) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&e.on, "leader-elect", false, "work only while holding the lease, so that several replicas can run")
	flags.DurationVar(&e.leaseDuration, "leader-elect-lease-duration", 2*iscsiservice.WriteTimeout,
		"how long the lease lasts without being renewed, in whole seconds; a change of the array may take half of it, 25s at most")
	flags.DurationVar(&e.renewDeadline, "leader-elect-renew-deadline", 30*time.Second,
		"how long to try to renew the lease before giving up and exiting; less than the lease lasts")
	flags.DurationVar(&e.retryPeriod, "leader-elect-retry-period", 2*time.Second,
		"how often to renew the lease, or to try for it; at most a quarter of what the lease lasts")
}

// validate makes sure that a lease which is renewed in time outlasts a change of the array. The rest is up to the
// leader election.
func (e *election) validate() error {
	switch {
	case e.leaseDuration < 2*time.Second, e.leaseDuration%time.Second != 0:
		return fmt.Errorf("--leader-elect-lease-duration: %s is not a number of whole seconds from 2s on", e.leaseDuration)
	case e.retryPeriod > e.leaseDuration/4:
		return fmt.Errorf("--leader-elect-retry-period: %s is more than a quarter of --leader-elect-lease-duration, %s: "+
			"a change of the array, which may take half of it, could find too little left", e.retryPeriod, e.leaseDuration)
	}
	return nil
}

// writeTimeout bounds a change of the array: a lease that was renewed a while ago must outlast it.
func (e *election) writeTimeout() time.Duration {
	if !e.on {
		return iscsiservice.WriteTimeout
	}
	return min(iscsiservice.WriteTimeout, e.leaseDuration/2)
}

// lease returns the lease to work under; nil without leader election.
func (e *election) lease(config *rest.Config, namespace string) (*lease.Lease, error) {
	if !e.on {
		return nil, nil
	}
	if err := e.validate(); err != nil {
		return nil, err
	}
	return lease.New(config, namespace, leaderElectionID, e.renewDeadline)
}

// apply has the manager elect a leader by that lease.
func (e *election) apply(options *ctrl.Options, held *lease.Lease) {
	timeout := shutdownTimeout
	options.GracefulShutdownTimeout = &timeout
	if held == nil {
		return
	}
	options.LeaderElection = true
	options.LeaderElectionID = leaderElectionID
	options.LeaderElectionResourceLockInterface = held
	options.LeaderElectionReleaseOnCancel = true
	options.LeaseDuration, options.RenewDeadline, options.RetryPeriod = &e.leaseDuration, &e.renewDeadline, &e.retryPeriod
}

// watch ends the manager at once when another process has the lease: the election alone would go on trying to renew it.
func watch(mgr ctrl.Manager, held *lease.Lease) error {
	if held == nil {
		return nil
	}
	return mgr.Add(manager.RunnableFunc(held.Lost))
}
