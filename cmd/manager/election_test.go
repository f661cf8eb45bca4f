package main

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestALeaseThatIsRenewedInTimeOutlastsAWrite(t *testing.T) {
	for _, tc := range []struct {
		name         string
		args         []string
		writeTimeout time.Duration
		wrong        string
	}{
		{name: "alone", writeTimeout: 25 * time.Second},
		{name: "by default", args: []string{"--leader-elect"}, writeTimeout: 25 * time.Second},
		{name: "short", args: []string{"--leader-elect", "--leader-elect-lease-duration=4s", "--leader-elect-retry-period=1s"},
			writeTimeout: 2 * time.Second},
		{name: "long", args: []string{"--leader-elect", "--leader-elect-lease-duration=137s"}, writeTimeout: 25 * time.Second},
		{name: "renewed too seldom", args: []string{"--leader-elect", "--leader-elect-retry-period=13s"},
			writeTimeout: 25 * time.Second, wrong: "--leader-elect-retry-period: 13s is more than a quarter"},
		{name: "not told in whole seconds", args: []string{"--leader-elect", "--leader-elect-lease-duration=9500ms"},
			writeTimeout: 4750 * time.Millisecond, wrong: "--leader-elect-lease-duration: 9.5s is not a number of whole seconds"},
		{name: "none at all", args: []string{"--leader-elect", "--leader-elect-lease-duration=0s"}, wrong: "--leader-elect-lease-duration: 0s"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			var e election
			cmd := newCommand()
			cmd.ResetFlags()
			e.addFlags(cmd)
			g.Expect(cmd.ParseFlags(tc.args)).To(Succeed())
			g.Expect(e.writeTimeout()).To(Equal(tc.writeTimeout))
			if tc.wrong != "" {
				g.Expect(e.validate()).To(MatchError(ContainSubstring(tc.wrong)))
				return
			}
			g.Expect(e.validate()).To(Succeed())
			g.Expect(e.retryPeriod).To(BeNumerically("<", e.leaseDuration-e.writeTimeout()))
		})
	}
}
