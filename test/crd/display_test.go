package crd

import (
	"encoding/json"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

const (
	target = "iqn.1992-08.com.netapp:sn.574caf71890911e8a6b7005056b4ea79:vs.4"

	// settled is the status of a service that the operator is done with. Another condition comes before Ready.
	settled = `
  observedGeneration: 1
  svm: ` + bound + `
  enabled: true
  origin: Created
  target: {name: "` + target + `", alias: ord}
  metrics:
    timestamp: "2026-01-01T00:00:00Z"
    iops: {read: 5, write: 2, other: 1, total: 8}
    latencyMicroseconds: {read: 200, write: 240, other: 90, total: 210}
  conditions:
  - {type: Reconciling, status: "False", reason: Done, message: At rest, lastTransitionTime: "2026-01-01T00:00:00Z"}
  - {type: Ready, status: "True", reason: Enabled, message: Serves initiators, lastTransitionTime: "2026-01-01T00:00:00Z"}
`
	// read is the status of a query whose samples were read.
	read = `
  observedGeneration: 1
  completionTime: "2026-01-01T00:00:00Z"
  svm: ` + bound + `
  summary: {samples: 240, notOK: 3}
  conditions:
  - {type: Ready, status: "True", reason: Completed, message: "Samples: 240.", lastTransitionTime: "2026-01-01T00:00:00Z"}
`
	// answered is the status of an array that let the operator in.
	answered = `
  observedGeneration: 1
  array: {name: prod-1, uuid: ` + otherUUID + `, version: 9.16.1}
  services: {seen: 12, managed: 3}
  conditions:
  - {type: Ready, status: "True", reason: Reachable, message: Answers, lastTransitionTime: "2026-01-01T00:00:00Z"}
`
)

func TestKubectlGet(t *testing.T) {
	g := NewWithT(t)
	seen, unseen := object{"ISCSIService", "seen"}, object{"ISCSIService", "unseen"}
	seen.create(t, `{ontapClusterRef: {name: prod}, svm: {name: shown, uuid: `+uuid+`}, enabled: true}`)
	g.Expect(seen.patchStatus(t, settled)).To(Succeed())
	unseen.create(t, `{svm: {name: other}, enabled: false}`)
	array := object{"ONTAPCluster", "seen"}
	array.create(t, at("https://ontap.example.com"))
	g.Expect(array.patchStatus(t, answered)).To(Succeed())
	unseenArray := object{"ONTAPCluster", "unseen"}
	unseenArray.create(t, at("https://ontap.example.com"))

	query, unseenQuery := object{"ISCSIMetricsQuery", "seen"}, object{"ISCSIMetricsQuery", "unseen"}
	query.create(t, `{serviceRef: {name: shown}, interval: 1h}`)
	g.Expect(query.patchStatus(t, read)).To(Succeed())
	unseenQuery.create(t, `{serviceRef: {name: other}, timestamp: "`+sampleAt+`"}`)

	t.Run("kstatus says InProgress of what the operator has not seen", func(t *testing.T) {
		// It does whatever the conditions are, while observedGeneration is there and is not the generation.
		for _, o := range []object{unseen, unseenArray, unseenQuery} {
			NewWithT(t).Expect(o.get(t, "{.metadata.generation} {.status}")).To(Equal(`1 {"observedGeneration":-1}`))
		}
	})

	for _, c := range []struct {
		args, header, row string
	}{
		{
			"iscsisvc seen",
			`NAME SVM ENABLED TARGET READY STATUS AGE`,
			`seen orders true ` + target + ` True Serves initiators \d+s`,
		},
		{
			"iscsisvc seen -o wide",
			`NAME SVM ENABLED TARGET READY STATUS AGE ONTAPCLUSTER ALIAS ORIGIN IOPS LATENCY-US`,
			`seen orders true ` + target + ` True Serves initiators \d+s prod ord Created 8 210`,
		},
		{
			"ontapcluster seen",
			`NAME ENDPOINT ARRAY VERSION READY STATUS AGE`,
			`seen https://ontap.example.com prod-1 9.16.1 True Answers \d+s`,
		},
		{
			"ontapcluster seen -o wide",
			`NAME ENDPOINT ARRAY VERSION READY STATUS AGE SERVICES MANAGED UUID`,
			`seen https://ontap.example.com prod-1 9.16.1 True Answers \d+s 12 3 ` + otherUUID,
		},
		{
			"iscsimq seen",
			`NAME SERVICE INTERVAL SAMPLES READY STATUS AGE`,
			`seen shown 1h 240 True Samples: 240. \d+s`,
		},
		{
			"iscsimq seen -o wide",
			`NAME SERVICE INTERVAL SAMPLES READY STATUS AGE TIMESTAMP SVM NOT-OK`,
			`seen shown 1h 240 True Samples: 240. \d+s orders 3`,
		},
		{
			"iscsimq unseen -o wide",
			`NAME SERVICE INTERVAL SAMPLES READY STATUS AGE TIMESTAMP SVM NOT-OK`,
			`unseen other \d+s ` + sampleAt,
		},
	} {
		t.Run("columns of "+c.args, func(t *testing.T) {
			t.Parallel()
			table := columns(kubectl(t, append([]string{"get"}, strings.Fields(c.args)...)...))
			NewWithT(t).Expect(table).To(HaveExactElements(Equal(c.header), MatchRegexp("^"+c.row+"$")))
		})
	}

	for _, selector := range []string{
		"spec.svm.name=shown", "spec.svm.uuid=" + uuid, "spec.enabled=true",
		"status.svm.name=orders", "status.svm.uuid=" + uuid, "status.enabled=true", "status.target.name=" + target,
	} {
		t.Run("services can be selected by "+selector, func(t *testing.T) {
			t.Parallel()
			// Other cases have services too: only these two are asked about.
			names := kubectl(t, "get", "iscsisvc", "--field-selector", selector, "-o", "name")
			NewWithT(t).Expect(strings.Fields(names)).To(And(
				ContainElement("iscsiservice.san.ontap-operator.io/seen"),
				Not(ContainElement("iscsiservice.san.ontap-operator.io/unseen"))))
		})
	}

	t.Run("queries can be selected by their service", func(t *testing.T) {
		t.Parallel()
		names := kubectl(t, "get", "iscsimq", "--field-selector", "spec.serviceRef.name=shown", "-o", "name")
		NewWithT(t).Expect(strings.Fields(names)).To(ConsistOf("iscsimetricsquery.san.ontap-operator.io/seen"))
	})

	t.Run("the category has all kinds", func(t *testing.T) {
		t.Parallel()
		names := kubectl(t, "get", "ontap", "-o", "name")
		NewWithT(t).Expect(strings.Fields(names)).To(ContainElements(
			"iscsiservice.san.ontap-operator.io/seen", "ontapcluster.san.ontap-operator.io/seen",
			"iscsimetricsquery.san.ontap-operator.io/seen"))
	})
}

// columns returns the lines of a table with one space between its columns.
func columns(table string) []string {
	lines := strings.Split(strings.TrimSpace(table), "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return lines
}

func TestKubectlExplain(t *testing.T) {
	for field, documentation := range map[string]string{
		"iscsisvc":                       "ISCSIService is the iSCSI service of one SVM",
		"iscsisvc.spec.svm":              "svm is the storage virtual machine whose iSCSI service this is",
		"iscsisvc.spec.deletionPolicy":   "ENUM: Delete Retain",
		"iscsisvc.status.origin":         "origin says whether the operator made the service",
		"iscsimq":                        "ISCSIMetricsQuery reads a part of the performance history that the array keeps",
		"iscsimq.spec.interval":          "ENUM: 1h 1d 1w 1m 1y",
		"iscsimq.spec.filters.values":    "two for Between, the lower one first",
		"iscsimq.spec.ttlAfterFinished":  "how long the object stays after its samples were read",
		"iscsimq.status.summary.notOK":   "how many of them have a status other than ok",
		"ontapcluster.spec.access.svms":  "svms are names of SVMs, in which * stands for any characters",
		"ontapcluster.spec.pollInterval": "pollInterval is how often the array is looked at",
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			explanation := strings.Join(strings.Fields(kubectl(t, "explain", field)), " ")
			NewWithT(t).Expect(explanation).To(ContainSubstring(documentation))
		})
	}
}

// schema is what a CRD says of a field.
type schema struct {
	Description string            `json:"description"`
	Default     any               `json:"default"`
	Properties  map[string]schema `json:"properties"`
	Items       *schema           `json:"items"`
}

func TestSchema(t *testing.T) {
	for _, crd := range []string{"iscsimetricsqueries", "iscsiservices", "ontapclusters"} {
		t.Run("every field of "+crd+" is documented, and none of the spec has a default", func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			var fields map[string]schema
			g.Expect(json.Unmarshal([]byte(kubectl(t, "get", "crd", crd+".san.ontap-operator.io",
				"-o", "jsonpath={.spec.versions[0].schema.openAPIV3Schema.properties}")), &fields)).To(Succeed())
			for _, root := range []string{"spec", "status"} {
				g.Expect(fields).To(HaveKey(root))
				fields[root].visit(root, func(path string, field schema) {
					g.Expect(field.Description).NotTo(BeEmpty(), path)
					if strings.HasPrefix(path, "spec") {
						g.Expect(field.Default).To(BeNil(), path)
					}
				})
			}
		})
	}
}

// visit calls f for the field at path and all below it.
func (s schema) visit(path string, f func(path string, field schema)) {
	f(path, s)
	fields := s.Properties
	if s.Items != nil {
		fields = s.Items.Properties
	}
	for name, field := range fields {
		field.visit(path+"."+name, f)
	}
}
