package rest

import (
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/query"
)

// clusterSchema is the part of the cluster that clients discover an array's name, identity and version by.
var clusterSchema = query.NewSchema(append([]clusterField{
	{Name: "name", Get: func(c array.Cluster) query.Value { return query.Text(c.Name) }},
	{Name: "uuid", Get: func(c array.Cluster) query.Value { return query.Text(c.UUID) }},
}, append(personalityFields(false), versionFields()...)...)...)

// scopedClusterSchema is what an SVM-scoped account gets to see of the cluster: how to talk to it, not what it is. The
// personality it has to ask for.
var scopedClusterSchema = query.NewSchema(append(personalityFields(true), versionFields()...)...)

type clusterField = query.Field[array.Cluster]

// personalityFields are what NetApp's clients tell an ASA r2 by: both are true there.
func personalityFields(onRequest bool) []clusterField {
	isASAr2 := func(c array.Cluster) query.Value { return query.Truth(c.Platform == array.ASAr2) }
	return []clusterField{
		{Name: "san_optimized", Kind: query.Boolean, Expensive: onRequest, Get: isASAr2},
		{Name: "disaggregated", Kind: query.Boolean, Expensive: onRequest, Get: isASAr2},
	}
}

func versionFields() []clusterField {
	return []clusterField{
		{Name: "version.full", Get: func(c array.Cluster) query.Value { return query.Text(c.Version.Full()) }},
		{Name: "version.generation", Kind: query.Integer, Get: func(c array.Cluster) query.Value { return query.Number(int64(c.Version.Generation)) }},
		{Name: "version.major", Kind: query.Integer, Get: func(c array.Cluster) query.Value { return query.Number(int64(c.Version.Major)) }},
		{Name: "version.minor", Kind: query.Integer, Get: func(c array.Cluster) query.Value { return query.Number(int64(c.Version.Minor)) }},
		{Name: "_links.self.href", Kind: query.Link, Get: func(array.Cluster) query.Value { return query.Href(clusterPath) }},
	}
}

// getCluster implements GET /api/cluster.
func (c *call) getCluster() (Response, error) {
	if c.account.SVM != "" {
		// Fields that such an account may not see are left out, not refused.
		c.params.ignoreUnknown = true
		return instance(c, scopedClusterSchema, c.array.Cluster())
	}
	return instance(c, clusterSchema, c.array.Cluster())
}
