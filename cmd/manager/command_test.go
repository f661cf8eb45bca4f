package main

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestNoLogLevelIsMoreTalkativeThanDebug(t *testing.T) {
	for level, verbosity := range map[string]int{"error": -1, "warn": -1, "info": 0, "INFO": 0, "debug": 4} {
		g := NewWithT(t)
		logger, err := newLogger(options{logFormat: "json", logLevel: level})
		g.Expect(err).NotTo(HaveOccurred(), level)
		g.Expect(logger.V(max(verbosity, 0)).Enabled()).To(Equal(verbosity >= 0), level)
		g.Expect(logger.V(verbosity+1).Enabled()).To(BeFalse(), level)
		// From there on, client-go logs the Secrets that it reads.
		g.Expect(logger.V(8).Enabled()).To(BeFalse(), level)
	}
	for _, level := range []string{"debug-4", "debug-20", "info-12", "trace", "-8", ""} {
		_, err := newLogger(options{logFormat: "json", logLevel: level})
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring("--log-level")), level)
	}
}
