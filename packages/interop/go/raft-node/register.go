package main

import (
	"io"
	"sync"

	"github.com/hashicorp/raft"
)

// register is the replicated state machine: it holds the last value that was written.
type register struct {
	mutex sync.Mutex
	value []byte
}

func (r *register) Apply(entry *raft.Log) any {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.value = entry.Data
	return nil
}

func (r *register) Snapshot() (raft.FSMSnapshot, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return snapshot(r.value), nil
}

func (r *register) Restore(source io.ReadCloser) error {
	defer source.Close()
	value, err := io.ReadAll(source)
	if err != nil {
		return err
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.value = value
	return nil
}

// snapshot is a value of the register. Apply replaces a value and never changes it.
type snapshot []byte

func (s snapshot) Persist(sink raft.SnapshotSink) error {
	if _, err := sink.Write(s); err != nil {
		sink.Cancel()
		return err
	}
	return sink.Close()
}

func (s snapshot) Release() {}
