package main

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
)

const (
	// The default configuration leaves these to the program.
	maxPool         = 3
	ioTimeout       = 10 * time.Second
	retainSnapshots = 2
)

// startNode starts a server, or starts it again if the directory holds its log.
func startNode(id string, servers raft.Configuration, directory string) (*raft.Raft, error) {
	address, err := addressOf(servers, id)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, err
	}
	// Like a log of Shoal, it syncs every write to the disk before it confirms it.
	store, err := raftboltdb.NewBoltStore(filepath.Join(directory, "raft.db"))
	if err != nil {
		return nil, err
	}
	snapshots, err := raft.NewFileSnapshotStore(directory, retainSnapshots, os.Stderr)
	if err != nil {
		return nil, err
	}
	transport, err := raft.NewTCPTransport(address, nil, maxPool, ioTimeout, os.Stderr)
	if err != nil {
		return nil, err
	}
	config := raft.DefaultConfig()
	config.LocalID = raft.ServerID(id)
	node, err := raft.NewRaft(config, &register{}, store, store, snapshots, transport)
	if err != nil {
		return nil, err
	}
	// Every server does this, with the same configuration. One that has a log keeps it.
	err = node.BootstrapCluster(servers).Error()
	if err != nil && !errors.Is(err, raft.ErrCantBootstrap) {
		return nil, err
	}
	return node, nil
}
