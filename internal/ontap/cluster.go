package ontap

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
)

// Cluster says who the array is. An account that is confined to an SVM may be answered in part: what is missing is empty.
type Cluster struct {
	Name, UUID string
	Version    Version
	// Certificate is the SHA-256 of the certificate that the array showed on the connection of this answer.
	Certificate [sha256.Size]byte
}

// Version is the version of ONTAP: 9.14.1 has generation 9, major 14, minor 1.
type Version struct {
	// Full is the array's own wording, for people.
	Full                     string
	Generation, Major, Minor int
}

// String is the version as people write it, such as 9.16.1.
func (v Version) String() string {
	return fmt.Sprintf("%d.%d.%d", v.Generation, v.Major, v.Minor)
}

// AtLeast reports whether the version is generation.major or later. A version that is not known is not.
func (v Version) AtLeast(generation, major int) bool {
	return cmp.Or(cmp.Compare(v.Generation, generation), cmp.Compare(v.Major, major)) >= 0
}

// Cluster returns the array's name, UUID and version: GET /cluster.
func (c *Client) Cluster(ctx context.Context) (Cluster, error) {
	var query parameters
	query.add("fields", "name,uuid,version")
	var certificate [sha256.Size]byte
	r := request{operation: "read cluster", method: http.MethodGet, target: apiPath("cluster") + query.String(), certificate: &certificate}
	cluster, err := receive(ctx, c, r, clusterRecord.cluster)
	if err == nil {
		cluster.Certificate = certificate
	}
	return cluster, err
}

type clusterRecord struct {
	Name    string `json:"name"`
	UUID    string `json:"uuid"`
	Version struct {
		Full       string `json:"full"`
		Generation int    `json:"generation"`
		Major      int    `json:"major"`
		Minor      int    `json:"minor"`
	} `json:"version"`
}

// cluster takes parts, but not nothing at all: {} is no answer to who are you.
func (r clusterRecord) cluster() (Cluster, error) {
	if err := fits("uuid", r.UUID, maxUUID); err != nil {
		return Cluster{}, err
	}
	cluster := Cluster{Name: shorten(r.Name, maxShown), UUID: r.UUID, Version: Version(r.Version)}
	cluster.Version.Full = shorten(r.Version.Full, maxShown)
	if cluster == (Cluster{}) {
		return Cluster{}, errors.New("it has no name, no uuid and no version")
	}
	return cluster, nil
}
