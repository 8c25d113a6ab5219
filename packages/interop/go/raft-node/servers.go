package main

import (
	"fmt"
	"strings"

	"github.com/hashicorp/raft"
)

// parseServers reads ID=ADDR,ID=ADDR,... as a configuration in which every server votes.
func parseServers(text string) (raft.Configuration, error) {
	var configuration raft.Configuration
	for _, server := range strings.Split(text, ",") {
		id, address, found := strings.Cut(server, "=")
		if !found || id == "" || address == "" {
			return raft.Configuration{}, fmt.Errorf("not a server: %q", server)
		}
		configuration.Servers = append(configuration.Servers, raft.Server{
			ID:      raft.ServerID(id),
			Address: raft.ServerAddress(address),
		})
	}
	return configuration, nil
}

// addressOf returns where the server with this ID listens for the others.
func addressOf(configuration raft.Configuration, id string) (string, error) {
	for _, server := range configuration.Servers {
		if server.ID == raft.ServerID(id) {
			return string(server.Address), nil
		}
	}
	return "", fmt.Errorf("%q is none of the servers", id)
}
