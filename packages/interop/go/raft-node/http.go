package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/hashicorp/raft"
)

// The longest value that can be written, in bytes.
const maxValue = 1 << 20

// status is what a server says about itself.
type status struct {
	// The ID of the server that it takes for the leader; empty if it knows none.
	Leader raft.ServerID `json:"leader"`
	// The index of the last entry that its state machine has applied.
	Applied uint64 `json:"applied"`
}

// written is the answer to a write that is committed.
type written struct {
	Index uint64 `json:"index"`
}

func handler(node *raft.Raft) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(response http.ResponseWriter, _ *http.Request) {
		_, leader := node.LeaderWithID()
		answer(response, status{Leader: leader, Applied: node.AppliedIndex()})
	})
	mux.HandleFunc("PUT /value", func(response http.ResponseWriter, request *http.Request) {
		value, err := io.ReadAll(http.MaxBytesReader(response, request.Body, maxValue))
		if err != nil {
			http.Error(response, err.Error(), http.StatusBadRequest)
			return
		}
		// Returns when a majority has the entry on its disks and this server has applied it.
		future := node.Apply(value, 0)
		switch err := future.Error(); {
		case err == nil:
			answer(response, written{Index: future.Index()})
		case errors.Is(err, raft.ErrNotLeader):
			http.Error(response, err.Error(), http.StatusConflict)
		default:
			http.Error(response, err.Error(), http.StatusServiceUnavailable)
		}
	})
	return mux
}

func answer(response http.ResponseWriter, body any) {
	response.Header().Set("Content-Type", "application/json")
	json.NewEncoder(response).Encode(body)
}
