# SPDX-License-Identifier: MIT
import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, get, rmdir

required_conan_version = ">=2.0"


class LibmioConan(ConanFile):
    name = "libmio"
    description = "Tells a program which of its descriptors are ready, the same way on every system"
    license = "MIT"
    homepage = "@ADDRESS@"
    url = "https://github.com/conan-io/conan-center-index"
    topics = ("epoll", "kqueue", "events", "non-blocking")
    package_type = "library"
    languages = "C"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    implements = ["auto_shared_fpic"]

    def validate(self):
        if self.settings.os == "Windows":
            raise ConanInvalidConfiguration("libmio has no selector for Windows")

    def layout(self):
        cmake_layout(self, src_folder="src")

    def source(self):
        get(self, **self.conan_data["sources"][self.version], strip_root=True)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["MIO_BUILD_BOTH"] = False
        toolchain.cache_variables["MIO_BUILD_TESTS"] = False
        toolchain.cache_variables["MIO_BUILD_EXAMPLES"] = False
        toolchain.cache_variables["MIO_INSTALL_PKGCONFIGDIR"] = "lib/pkgconfig"
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", src=self.source_folder, dst=os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        # Conan writes its own of these.
        for folder in ("lib/cmake", "lib/pkgconfig", "share"):
            rmdir(self, os.path.join(self.package_folder, folder))

    def package_info(self):
        self.cpp_info.libs = ["mio"]
        self.cpp_info.set_property("cmake_file_name", "libmio")
        self.cpp_info.set_property("cmake_target_name", "libmio::mio")
        self.cpp_info.set_property("pkg_config_name", "libmio")
        if self.settings.os in ("Linux", "FreeBSD"):
            self.cpp_info.system_libs = ["pthread"]
