package control

import (
	"net/http"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
)

// Cluster is the array as scenarios and the control API write it. In changes, what is absent stays.
type Cluster struct {
	Name     string    `json:"name,omitempty"`
	UUID     string    `json:"uuid,omitempty"`
	Version  string    `json:"version,omitempty"`
	Platform string    `json:"platform,omitempty"`
	Licenses *Licenses `json:"licenses,omitempty"`
	// FreshTargetNames gives each service that is created another IQN than those that its SVM had before.
	FreshTargetNames *bool `json:"freshTargetNames,omitempty"`
}

// Licenses is the cluster's licenses.
type Licenses struct {
	ISCSI *bool `json:"iscsi"`
}

// Apply changes the cluster.
func (c Cluster) Apply(cluster *array.Cluster) error {
	changed := *cluster
	if c.Version != "" {
		version, err := array.ParseVersion(c.Version)
		if err != nil {
			return err
		}
		changed.Version = version
	}
	if c.Platform != "" {
		platform, err := array.ParsePlatform(c.Platform)
		if err != nil {
			return err
		}
		changed.Platform = platform
	}
	if c.Name != "" {
		changed.Name = c.Name
	}
	if c.UUID != "" {
		changed.UUID = c.UUID
	}
	if c.Licenses != nil && c.Licenses.ISCSI != nil {
		changed.ISCSILicensed = *c.Licenses.ISCSI
	}
	set(&changed.FreshTargetNames, c.FreshTargetNames)
	*cluster = changed
	return nil
}

// clusterTruth is the cluster with what a client needs to trust its certificate.
type clusterTruth struct {
	Cluster
	SVMs              int    `json:"svms"`
	CA                string `json:"ca"`
	CertificateSHA256 string `json:"certificateSHA256"`
}

func (a *API) describeCluster(c array.Cluster) clusterTruth {
	return clusterTruth{
		Cluster: Cluster{
			Name: c.Name, UUID: c.UUID, Version: c.Version.String(), Platform: string(c.Platform),
			Licenses: &Licenses{&c.ISCSILicensed}, FreshTargetNames: &c.FreshTargetNames,
		},
		SVMs:              len(a.Array.SVMs()),
		CA:                string(a.Certificates.CA()),
		CertificateSHA256: a.Certificates.Fingerprint(),
	}
}

func (a *API) cluster(*http.Request) (any, error) {
	return a.describeCluster(a.Array.Cluster()), nil
}

func (a *API) changeCluster(r *http.Request) (any, error) {
	var wanted Cluster
	if err := read(r, &wanted); err != nil {
		return nil, err
	}
	var err error
	changed := a.Array.ChangeCluster(func(cluster *array.Cluster) { err = wanted.Apply(cluster) })
	if err != nil {
		return nil, err
	}
	return a.describeCluster(changed), nil
}
