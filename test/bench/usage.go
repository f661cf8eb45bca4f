package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The operator's memory and CPU time, as Linux tells them.

const (
	// ticks are those of /proc/PID/stat, in a second.
	ticks = 100
	// lull is for how long the operator must do next to nothing to count as at rest.
	lull = 3 * time.Second
)

// residentMiB is the resident memory of a process.
func residentMiB(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("memory is measured on Linux only: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			return float64(kib) / 1024, err
		}
	}
	return 0, fmt.Errorf("no VmRSS of process %d", pid)
}

// cpuTime is what a process has used.
func cpuTime(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, fields, _ := strings.Cut(string(stat), ") ")
	columns := strings.Fields(fields)
	if len(columns) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d columns", pid, len(columns))
	}
	var used time.Duration
	for _, column := range columns[11:13] { // utime and stime
		n, err := strconv.Atoi(column)
		if err != nil {
			return 0, err
		}
		used += time.Duration(n) * time.Second / ticks
	}
	return used, nil
}

// spent is the CPU time so far of the parts that make objects Ready, by their name.
func (w *world) spent() (map[string]time.Duration, error) {
	parts := map[string]int{"bench and array": os.Getpid(), "kube-apiserver": w.plane.APIServer.PID(), "etcd": w.plane.Etcd.PID()}
	if w.operator != nil {
		parts["operator"] = w.operator.PID()
	}
	spent := map[string]time.Duration{}
	for name, pid := range parts {
		used, err := cpuTime(pid)
		if err != nil {
			return nil, err
		}
		spent[name] = used
	}
	return spent, nil
}

// tellSpent says what CPU time each of a number of objects took, by part.
func (w *world) tellSpent(before, after map[string]time.Duration, objects int) {
	var shares []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		shares = append(shares, fmt.Sprintf("%s %.1f", name, float64((after[name]-before[name]).Microseconds())/1000/float64(objects)))
	}
	w.progress("CPU time in ms per object: %s", strings.Join(shares, ", "))
}

// atRest waits until the operator has done next to nothing for a while.
func (w *world) atRest(ctx context.Context) error {
	var since time.Time
	var before time.Duration
	return until(ctx, 5*time.Minute, "the operator is at rest", func(context.Context) (bool, error) {
		used, err := cpuTime(w.operator.PID())
		if err != nil {
			return false, err
		}
		if since.IsZero() || used-before > time.Since(since)/10+lull/30 {
			since, before = time.Now(), used
		}
		return time.Since(since) >= lull, nil
	})
}
