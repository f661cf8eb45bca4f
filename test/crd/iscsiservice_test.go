package crd

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

const (
	uuid      = "02c9e252-41be-11e9-81d5-00a0986138f7"
	otherUUID = "5e7a3f80-41be-11e9-81d5-00a0986138f7"

	// bound and renamed are the SVM of a service that is bound, before and after somebody renamed the SVM.
	bound   = "{name: orders, uuid: " + uuid + "}"
	renamed = "{name: sales, uuid: " + uuid + "}"
)

// What users read when they break a rule that has several ways to do so.
const (
	badAlias   = "alias takes printable ASCII characters without space; an empty alias clears it"
	badSVMName = "an SVM name has letters, digits, '.', '_' and '-' only, and does not begin with '.' or '-'"
	badUUID    = "uuid is 32 lower-case hexadecimal digits, as in 02c9e252-41be-11e9-81d5-00a0986138f7"
	noSVM      = "spec.svm: Required value: svm needs a name or a uuid"

	clusterIsFixed = "spec.ontapClusterRef: Forbidden: it is immutable: " +
		"delete the ISCSIService (deletionPolicy Retain keeps the service) and create it anew"
	uuidIsFixed = "spec.svm.uuid: Forbidden: the SVM is immutable once its service is bound; " +
		"only the uuid in status.svm.uuid can be added"
	nameIsFixed = "spec.svm.name: Forbidden: the SVM is immutable once its service is bound; " +
		"the name can only follow a rename to status.svm.name"
)

func TestISCSIService(t *testing.T) {
	tryAll(t, "ISCSIService", []apply{
		{name: "an SVM's name is enough", spec: `{svm: {name: orders}}`},
		{name: "an SVM's UUID is enough", spec: `{svm: {uuid: ` + uuid + `}}`},
		{name: "every field can be set", spec: `{ontapClusterRef: {name: prod}, svm: {name: orders, uuid: ` + uuid + `}, enabled: false, alias: ord, deletionPolicy: Delete}`},
		{name: "without an SVM it is nobody's service", spec: `{}`, refused: "spec.svm: Required value"},
		{name: "an empty svm names no SVM", spec: `{svm: {}}`, refused: noSVM},
		{name: "the SVM cannot be removed", was: `{svm: {name: orders}}`, spec: `{svm: {}}`, refused: noSVM},

		{name: "an SVM name may have every character that ONTAP allows", spec: `{svm: {name: _Svm-1.Prod_2}}`},
		{name: "an SVM name may have 128 characters", spec: `{svm: {name: ` + strings.Repeat("s", 128) + `}}`},
		{name: "an SVM name of 129 characters is too long", spec: `{svm: {name: ` + strings.Repeat("s", 129) + `}}`, refused: "spec.svm.name: Too long: may not be more than 128 bytes"},
		{name: "an SVM name is not empty", spec: `{svm: {name: ""}}`, refused: `spec.svm.name: Invalid value: ""`},
		{name: "an SVM name has no spaces", spec: `{svm: {name: my svm}}`, refused: `spec.svm.name: Invalid value: "my svm": ` + badSVMName},
		{name: "an SVM name does not begin with a hyphen", spec: `{svm: {name: -orders}}`, refused: `spec.svm.name: Invalid value: "-orders": ` + badSVMName},
		{name: "an SVM name does not begin with a dot", spec: `{svm: {name: .orders}}`, refused: `spec.svm.name: Invalid value: ".orders": ` + badSVMName},
		{name: "an SVM name is no glob", spec: `{svm: {name: team-*}}`, refused: `spec.svm.name: Invalid value: "team-*": ` + badSVMName},
		{name: "an SVM name is ASCII", spec: `{svm: {name: zürich}}`, refused: `spec.svm.name: Invalid value: "zürich": ` + badSVMName},

		{name: "a UUID is lower case, as the array writes it", spec: `{svm: {uuid: 02C9E252-41BE-11E9-81D5-00A0986138F7}}`, refused: badUUID},
		{name: "a UUID has its hyphens", spec: `{svm: {uuid: 02c9e25241be11e981d500a0986138f7}}`, refused: badUUID},
		{name: "a UUID has all its digits", spec: `{svm: {uuid: 02c9e252-41be-11e9-81d5-00a0986138f}}`, refused: badUUID},
		{name: "a UUID has hexadecimal digits", spec: `{svm: {uuid: g2c9e252-41be-11e9-81d5-00a0986138f7}}`, refused: badUUID},
		{name: "a UUID has no braces", spec: `{svm: {uuid: "{` + uuid + `}"}}`, refused: "spec.svm.uuid: Too long: may not be more than 36 bytes"},
		{name: "a UUID is not empty", spec: `{svm: {name: orders, uuid: ""}}`, refused: `spec.svm.uuid: Invalid value: "": ` + badUUID},

		{name: "an empty alias clears it, and is not the same as none", spec: `{svm: {name: orders}, alias: ""}`},
		{name: "an alias may have every printable character", spec: `{svm: {name: orders}, alias: '!"#$%&()*+,-./09:;<=>?@AZ[\]^_az{|}~'}`},
		{name: "an alias may have 128 characters", spec: `{svm: {name: orders}, alias: ` + strings.Repeat("a", 128) + `}`},
		{name: "an alias of 129 characters is too long", spec: `{svm: {name: orders}, alias: ` + strings.Repeat("a", 129) + `}`, refused: "spec.alias: Too long: may not be more than 128 bytes"},
		{name: "an alias has no spaces", spec: `{svm: {name: orders}, alias: my target}`, refused: `spec.alias: Invalid value: "my target": ` + badAlias},
		{name: "an alias is ASCII", spec: `{svm: {name: orders}, alias: zürich}`, refused: `spec.alias: Invalid value: "zürich": ` + badAlias},
		{name: "an alias does not end in a newline", spec: `{svm: {name: orders}, alias: "orders\n"}`, refused: `spec.alias: Invalid value: "orders\n": ` + badAlias},
		{name: "an alias has no control characters", spec: `{svm: {name: orders}, alias: "\x1b[31m"}`, refused: `spec.alias: Invalid value: "\x1b[31m": ` + badAlias},
		{name: "an alias has no delete character, which is ASCII too", spec: `{svm: {name: orders}, alias: "a\x7f"}`, refused: badAlias},
		{name: "an alias is a string", spec: `{svm: {name: orders}, alias: 7}`, refused: "spec.alias in body must be of type string"},

		{name: "enabled is a boolean", spec: `{svm: {name: orders}, enabled: "yes"}`, refused: "spec.enabled in body must be of type boolean"},
		{name: "what was created can be retained", spec: `{svm: {name: orders}, deletionPolicy: Retain}`},
		{name: "the deletion policies are listed to who writes another one", spec: `{svm: {name: orders}, deletionPolicy: Orphan}`, refused: `spec.deletionPolicy: Unsupported value: "Orphan": supported values: "Delete", "Retain"`},
		{name: "no deletion policy is not written as an empty one", spec: `{svm: {name: orders}, deletionPolicy: ""}`, refused: `spec.deletionPolicy: Unsupported value: ""`},
		{name: "a misspelt field is not ignored", spec: `{svm: {name: orders}, deletePolicy: Retain}`, refused: `unknown field "spec.deletePolicy"`},
		{name: "a misspelt field of svm is not ignored", spec: `{svm: {name: orders, UUID: ` + uuid + `}}`, refused: `unknown field "spec.svm.UUID"`},

		{name: "an ONTAPCluster is referred to by its name", spec: `{svm: {name: orders}, ontapClusterRef: {}}`, refused: "spec.ontapClusterRef.name: Required value"},
		{name: "the name of an ONTAPCluster is not empty", spec: `{svm: {name: orders}, ontapClusterRef: {name: ""}}`, refused: "spec.ontapClusterRef.name in body should be at least 1 chars long"},
		{name: "the default ONTAPCluster can be spelt out", was: `{svm: {name: orders}}`, spec: `{svm: {name: orders}, ontapClusterRef: {name: default}}`},
		{name: "the default ONTAPCluster need not be spelt out", was: `{svm: {name: orders}, ontapClusterRef: {name: default}}`, spec: `{svm: {name: orders}}`},
		{name: "a service does not move from the default ONTAPCluster", was: `{svm: {name: orders}}`, spec: `{svm: {name: orders}, ontapClusterRef: {name: prod}}`, refused: clusterIsFixed},
		{name: "a service does not move to the default ONTAPCluster", was: `{svm: {name: orders}, ontapClusterRef: {name: prod}}`, spec: `{svm: {name: orders}}`, refused: clusterIsFixed},
		{name: "a service does not move between ONTAPClusters", was: `{svm: {name: orders}, ontapClusterRef: {name: prod}}`, spec: `{svm: {name: orders}, ontapClusterRef: {name: test}}`, refused: clusterIsFixed},
	})
}

func TestISCSIServiceChangesSVM(t *testing.T) {
	tryAll(t, "ISCSIService", []apply{
		{name: "before it is bound, the name can be corrected", was: `{svm: {name: order}}`, spec: `{svm: {name: orders}}`},
		{name: "before it is bound, the UUID can be corrected", was: `{svm: {uuid: ` + otherUUID + `}}`, spec: `{svm: {uuid: ` + uuid + `}}`},
		{name: "before it is bound, both can be corrected", was: `{svm: {name: order, uuid: ` + otherUUID + `}}`, spec: `{svm: {name: orders, uuid: ` + uuid + `}}`},

		{name: "once bound, the rest can change", was: `{svm: {name: orders}, alias: a}`, bound: bound, spec: `{svm: {name: orders}, enabled: false, alias: b}`},
		{name: "once bound, its UUID can be added", was: `{svm: {name: orders}}`, bound: bound, spec: `{svm: {name: orders, uuid: ` + uuid + `}}`},
		{name: "once bound, another UUID cannot be added", was: `{svm: {name: orders}}`, bound: bound, spec: `{svm: {name: orders, uuid: ` + otherUUID + `}}`, refused: uuidIsFixed},
		{name: "once bound, its UUID can take the place of the name", was: `{svm: {name: orders}}`, bound: bound, spec: `{svm: {uuid: ` + uuid + `}}`},
		{name: "once bound, another UUID cannot take the place of the name", was: `{svm: {name: orders}}`, bound: bound, spec: `{svm: {uuid: ` + otherUUID + `}}`, refused: uuidIsFixed},
		{name: "once bound, the UUID cannot change", was: `{svm: {uuid: ` + uuid + `}}`, bound: bound, spec: `{svm: {uuid: ` + otherUUID + `}}`, refused: uuidIsFixed},
		{name: "once bound, its name can be added", was: `{svm: {uuid: ` + uuid + `}}`, bound: bound, spec: `{svm: {name: orders, uuid: ` + uuid + `}}`},
		{name: "once bound, another name cannot be added", was: `{svm: {uuid: ` + uuid + `}}`, bound: bound, spec: `{svm: {name: sales, uuid: ` + uuid + `}}`, refused: nameIsFixed},
		{name: "once bound, a name cannot be added that the array has not shown yet", was: `{svm: {uuid: ` + uuid + `}}`, bound: `{uuid: ` + uuid + `}`, spec: `{svm: {name: orders, uuid: ` + uuid + `}}`, refused: nameIsFixed},
		{name: "once bound, its name can take the place of the UUID", was: `{svm: {uuid: ` + uuid + `}}`, bound: bound, spec: `{svm: {name: orders}}`},
		{name: "once bound, another name cannot take the place of the UUID", was: `{svm: {uuid: ` + uuid + `}}`, bound: bound, spec: `{svm: {name: sales}}`, refused: nameIsFixed},
		{name: "once bound, the name cannot change", was: `{svm: {name: orders}}`, bound: bound, spec: `{svm: {name: sales}}`, refused: nameIsFixed},
		{name: "once bound, the UUID can be left to the name", was: `{svm: {name: orders, uuid: ` + uuid + `}}`, bound: bound, spec: `{svm: {name: orders}}`},
		{name: "once bound, the name can be left to the UUID", was: `{svm: {name: orders, uuid: ` + uuid + `}}`, bound: bound, spec: `{svm: {uuid: ` + uuid + `}}`},
		{name: "once bound, both cannot be left out", was: `{svm: {name: orders}}`, bound: bound, spec: `{svm: {}}`, refused: noSVM},

		{name: "after a rename, the old name can stay", was: `{svm: {name: orders}}`, bound: renamed, spec: `{svm: {name: orders}, alias: b}`},
		{name: "after a rename, the name can follow", was: `{svm: {name: orders}}`, bound: renamed, spec: `{svm: {name: sales}}`},
		{name: "after a rename, the name can follow beside the UUID", was: `{svm: {name: orders, uuid: ` + uuid + `}}`, bound: renamed, spec: `{svm: {name: sales, uuid: ` + uuid + `}}`},
		{name: "after a rename, a third name is another SVM", was: `{svm: {name: orders}}`, bound: renamed, spec: `{svm: {name: returns}}`, refused: nameIsFixed},
		{name: "after a rename, the name does not go back", was: `{svm: {name: sales}}`, bound: renamed, spec: `{svm: {name: orders}}`, refused: nameIsFixed},
	})
}

func TestISCSIServiceStatus(t *testing.T) {
	const bindingIsFixed = "status.svm.uuid: Forbidden: it is written once"

	for _, c := range []struct {
		object, name, was, status, refused string
	}{
		{object: "bind", name: "a service can be bound", status: `{svm: ` + bound + `}`},
		{object: "rename", name: "a bound service can follow a rename", was: `{svm: ` + bound + `}`, status: `{svm: ` + renamed + `}`},
		{object: "rebind", name: "a bound service cannot be bound to another SVM", was: `{svm: ` + bound + `}`, status: `{svm: {uuid: ` + otherUUID + `}}`, refused: bindingIsFixed},
		{object: "unbind", name: "a bound service stays bound", was: `{svm: ` + bound + `}`, status: `{svm: null}`, refused: bindingIsFixed},
		{object: "forget", name: "a bound service stays bound when its status is dropped", was: `{svm: ` + bound + `}`, status: `null`, refused: bindingIsFixed},
		{object: "nameless", name: "a binding has a UUID", status: `{svm: {name: orders}}`, refused: "status.svm.uuid: Required value"},
		{object: "origin", name: "a service is created or adopted", status: `{origin: Found}`, refused: `status.origin: Unsupported value: "Found": supported values: "Created", "Adopted"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			service := object{"ISCSIService", c.object}
			service.create(t, `{svm: {name: orders}}`)
			if c.was != "" {
				g.Expect(service.patchStatus(t, c.was)).To(Succeed())
			}

			err := service.patchStatus(t, c.status)

			if c.refused == "" {
				g.Expect(err).NotTo(HaveOccurred())
			} else {
				g.Expect(err).To(MatchError(ContainSubstring(c.refused)))
			}
		})
	}

	t.Run("a status in a manifest is not taken for the operator's", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		copied := object{"ISCSIService", "copied"}
		_, err := copied.apply(t, "spec: {svm: {name: orders}}\nstatus: {observedGeneration: 1, svm: "+bound+"}")
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(copied.get(t, "{.status}")).To(MatchYAML(`{observedGeneration: -1}`))
	})
}
