package array

import (
	"fmt"
	"strings"
	"time"
)

// Cluster is what the array says about itself.
type Cluster struct {
	Name     string
	UUID     string
	Version  Version
	Platform Platform
	// ISCSILicensed is false on a cluster that refuses new iSCSI services with 1115127.
	ISCSILicensed bool
	// FreshTargetNames gives each service that is created another IQN than those that its SVM had before.
	FreshTargetNames bool
}

// Platform is the kind of array.
type Platform string

// The platforms that differ for iSCSI services: on ASA r2 a service lives as long as its SVM.
const (
	Unified Platform = "unified"
	ASAr2   Platform = "asa-r2"
)

// ParsePlatform reads a platform; empty means Unified.
func ParsePlatform(text string) (Platform, error) {
	switch p := Platform(text); p {
	case "":
		return Unified, nil
	case Unified, ASAr2:
		return p, nil
	}
	return "", fmt.Errorf("platform %q is neither %s nor %s", text, Unified, ASAr2)
}

// Version is an ONTAP version such as 9.16.1.
type Version struct{ Generation, Major, Minor int }

// ParseVersion reads "9.16.1" or "9.16".
func ParseVersion(text string) (Version, error) {
	var v Version
	trailing := ""
	if n, _ := fmt.Sscanf(text, "%d.%d.%d%s", &v.Generation, &v.Major, &v.Minor, &trailing); n == 3 {
		return v, nil
	}
	if n, _ := fmt.Sscanf(text, "%d.%d%s", &v.Generation, &v.Major, &trailing); n == 2 && strings.Count(text, ".") == 1 {
		return v, nil
	}
	return Version{}, fmt.Errorf("version %q is not of the form 9.16.1", text)
}

// AtLeast says whether something introduced in an ONTAP version ("Introduced In" in the reference) is there.
func (v Version) AtLeast(generation, major int) bool {
	if v.Generation != generation {
		return v.Generation > generation
	}
	return v.Major >= major
}

// String is the short form, 9.16.1.
func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v.Generation, v.Major, v.Minor) }

// Full is the form that /api/cluster reports as version.full.
func (v Version) Full() string {
	released := time.Date(2015+v.Major/2, time.May, 20, 11, 4, 27, 0, time.UTC).AddDate(0, 6*(v.Major%2), 0)
	return fmt.Sprintf("NetApp Release %s: %s", v, released.Format("Mon Jan 02 15:04:05 MST 2006"))
}
